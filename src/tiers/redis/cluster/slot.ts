/** The number of hash slots of every cluster. */
export const SLOTS = 16_384;

/** CRC16/XMODEM, the checksum of the specification of Redis Cluster: polynomial 1021 in hexadecimal, 0 at first. */
const POLYNOMIAL = 0x1021;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ ((crc & 0x80_00) === 0 ? 0 : POLYNOMIAL);
  return crc;
});

/** Returns the hash slot of a key of ASCII without braces, as all keys of holdfast are. */
export function slotOf(key: string): number {
  let crc = 0;
  for (let at = 0; at < key.length; at += 1) {
    crc = ((crc << 8) & 0xff_ff) ^ (TABLE[(crc >> 8) ^ key.charCodeAt(at)] as number);
  }
  return crc % SLOTS;
}
