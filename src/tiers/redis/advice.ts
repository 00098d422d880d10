const GRANTS =
  'the user lacks a grant, or its key pattern does not cover `namespace`: ACL LOG on the server names what it refused; grant what the page lists';
const AUTHORITY =
  '`tls.ca` does not hold the authority that issued the certificate of the server: give the PEM text of that one, `readFileSync(path)` and not the path';
const NAME =
  'the certificate of the server does not name the host in `url`: connect by a name that it holds, or give that name as `tls.servername`';
const CREDENTIALS =
  '`username` or `password` is wrong, or the user is switched off: compare them with ACL LIST on the server';
const CLIENT_CERTIFICATE =
  'the server does not trust the certificate in `tls.cert`: give one from the authority in tls-ca-cert-file there, with its key in `tls.key`';
const CLIENT_EXPIRED =
  'the certificate in `tls.cert` has expired: renew it; `tls` as a function has it read anew for each connection';
const CLIENT_REFUSED =
  'the server refuses the certificate in `tls.cert`: it is not valid yet (compare the clocks), was revoked, or is not one for clients';
const VERSION =
  'client and server found no TLS version and cipher suite that both allow: compare tls-protocols and tls-ciphers of the server with what `tls` asks for';
const CLUSTER = '`url` leads to a node of a cluster: give its nodes as `cluster`, in place of `url`';
const PLAINTEXT = 'what answers at `url` does not speak TLS: give the port of tls-port, or set one up';
const PROTOCOL =
  'what answers at `url` is not Redis, or speaks TLS: compare scheme, host and port of `url` with the server';

/** The changes that a person may have to make: which option, the cause, the cure; nothing that is specific to one server or caller. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['ASK', CLUSTER],
  ['CERT_HAS_EXPIRED', 'the certificate of the server has expired: renew it there, and compare the clocks'],
  ['CERT_NOT_YET_VALID', 'the certificate of the server is not valid yet: compare the clocks'],
  ['CERT_SIGNATURE_FAILURE', AUTHORITY],
  ['CROSSSLOT', CLUSTER],
  [
    'DENIED',
    'the server is in protected mode: set up a user with a password there (see "The user"), or bind it to an address',
  ],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', AUTHORITY],
  ['ERR_SSL_NO_PROTOCOLS_AVAILABLE', VERSION],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', PLAINTEXT],
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'the server asks for a client certificate: give `tls.cert` and `tls.key`, or set tls-auth-clients to no there',
  ],
  // OpenSSL 3.2 names these after TLS, earlier ones after SSL 3.
  ...['ERR_SSL_SSLV3_ALERT', 'ERR_SSL_SSL/TLS_ALERT'].flatMap((alert): [string, string][] => [
    [`${alert}_BAD_CERTIFICATE`, CLIENT_REFUSED],
    [`${alert}_CERTIFICATE_EXPIRED`, CLIENT_EXPIRED],
    [`${alert}_CERTIFICATE_REVOKED`, CLIENT_REFUSED],
    [`${alert}_HANDSHAKE_FAILURE`, VERSION],
    [`${alert}_UNSUPPORTED_CERTIFICATE`, CLIENT_REFUSED],
  ]),
  ['ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', CLIENT_CERTIFICATE],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', VERSION],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', CLIENT_CERTIFICATE],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', VERSION],
  ['ERR_SSL_WRONG_VERSION_NUMBER', PLAINTEXT],
  ['ERR_TLS_CERT_ALTNAME_INVALID', NAME],
  ['HOSTNAME_MISMATCH', NAME],
  ['MOVED', CLUSTER],
  ['NOAUTH', 'the server asks for a user: give `username` and `password`'],
  ['NOPERM', GRANTS],
  [
    'READONLY',
    'the server is a replica: during a fail-over this passes; otherwise give the address of the master, or of the Sentinels as `sentinel`',
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT', AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', AUTHORITY],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', AUTHORITY],
  ['WRONGPASS', CREDENTIALS],
  ['auth', 'the server knows no users: it is older than Redis 6, or asks for no password; see "The user"'],
  ['db-index', '`url` names a database that the server does not have: leave it out, or raise databases there'],
  ['protocol', PROTOCOL],
  [
    'run-id',
    'the server does not report its incarnation (run_id and master_replid in INFO), as proxies and clones of Redis do: connect to Redis or Valkey itself',
  ],
  [
    'unknown-command',
    'the server lacks a command that is needed, or has renamed it: use Redis 7 or later, or Valkey, as released',
  ],
  [
    'another-node',
    'another node than the cluster names answers at its address: compare cluster-announce-* of the nodes with `cluster.natMap`',
  ],
  ['cluster-node', CLUSTER],
  ['not-a-cluster', '`cluster` leads to a server that is not a node of a cluster: give its address as `url`'],
  ['credentials-failed', '`credentials` threw, rejected, or did not answer in 10 s'],
  [
    'sentinel',
    '`url` leads to a Sentinel: give its address among `sentinel.nodes`, with the name of the master, in place of `url`',
  ],
  ['tls-failed', 'the function `tls` threw, rejected, or did not answer in 10 s'],
  [
    'tls-unanswered',
    'the server took the connection and did not take part in the handshake of TLS: it is frozen or overloaded, or the port in `url` is not its tls-port',
  ],
  [
    'unanswered',
    'the server took the connection and did not answer: it is frozen or overloaded, or the port in `url` speaks TLS, which needs rediss://',
  ],
]);

export function adviceFor(reason: string): string | undefined {
  return ADVICE.get(reason);
}
