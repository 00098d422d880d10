/** 127.0.0.0/8 and ::1, also as IPv6 writes the former. */
const LOOPBACK = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;

/** True for an address that no other machine can send from or to. */
export function isLoopback(address: string | null | undefined): boolean {
  return LOOPBACK.test(address ?? '');
}
