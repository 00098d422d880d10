/** Few, so that each has several sessions in a run. */
export const SLOTS = 8;

export function slotOf(storageKey: Buffer): number {
  return storageKey.readUInt8(0) % SLOTS;
}

/** The slot of a key by its name at a server, which ends with the storage key in hex. */
export function slotOfName(name: string): number {
  return Number.parseInt(name.slice(name.indexOf(':') + 1, name.indexOf(':') + 3), 16) % SLOTS;
}
