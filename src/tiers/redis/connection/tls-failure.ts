/** Codes of errors of the TLS stream itself, but for certificates. `EPROTO` is what Node says of those met while writing. */
export const TLS_CODE: RegExp = /^(?:EPROTO|ERR_(?:OSSL|SSL)_[A-Z0-9_/]+)$/;

/** OpenSSL's reasons for which a person has to change something: versions, cipher suites, certificates. They come of alerts. */
const MISTAKES: ReadonlySet<string> = new Set([
  'CA_MD_TOO_WEAK',
  'CERTIFICATE_VERIFY_FAILED',
  'DH_KEY_TOO_SMALL',
  'EE_KEY_TOO_SMALL',
  'NO_CIPHERS_AVAILABLE',
  'NO_PROTOCOLS_AVAILABLE',
  'NO_SHARED_CIPHER',
  'SSLV3_ALERT_BAD_CERTIFICATE',
  'SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'SSLV3_ALERT_CERTIFICATE_REVOKED',
  'SSLV3_ALERT_CERTIFICATE_UNKNOWN',
  'SSLV3_ALERT_HANDSHAKE_FAILURE',
  'SSLV3_ALERT_NO_CERTIFICATE',
  'SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
  'SSL/TLS_ALERT_BAD_CERTIFICATE',
  'SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
  'SSL/TLS_ALERT_CERTIFICATE_REVOKED',
  'SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
  'SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE',
  'TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'TLSV1_ALERT_ACCESS_DENIED',
  // The server could not verify a signature: that of a client certificate from an authority which only has the same name.
  'TLSV1_ALERT_DECRYPT_ERROR',
  'TLSV1_ALERT_INSUFFICIENT_SECURITY',
  'TLSV1_ALERT_PROTOCOL_VERSION',
  'TLSV1_ALERT_UNKNOWN_CA',
  'TLSV1_UNRECOGNIZED_NAME',
  'UNSUPPORTED_PROTOCOL',
  'WRONG_SSL_VERSION',
]);

/** The reasons that OpenSSL gives when the other end does not speak TLS; later, they mean a record whose header broke. */
const NOT_TLS: ReadonlySet<string> = new Set(['HTTP_REQUEST', 'PACKET_LENGTH_TOO_LONG', 'WRONG_VERSION_NUMBER']);

/** The reason in the text of `EPROTO`: `write EPROTO 40B7…:error:0A0000C6:SSL routines:tls_get_more_records:packet length too long:…`. */
const REASON = /:error:[0-9A-F]{8}:SSL routines:[^:]*:([a-z0-9/ ]{1,48}):/;

/** The code of a mistake that a person has to mend, or null: then records broke on the way, and the connection is lost. */
export function tlsMistake(code: string, message: string, isHandshake: boolean): string | null {
  const reason = code === 'EPROTO' ? REASON.exec(message)?.[1]?.toUpperCase().replaceAll(' ', '_') : code.slice(8);
  if (reason === undefined) return null;
  return MISTAKES.has(reason) || (isHandshake && NOT_TLS.has(reason)) ? `ERR_SSL_${reason}` : null;
}
