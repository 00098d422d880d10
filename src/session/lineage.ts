/**
 * The lineage of a session: the 8-byte ids of every key that sealed it so far, the oldest first, each once. An attacker
 * with one of these keys may have written the session or an ancestor of it, so revoking any of them ends it.
 */
export type Lineage = readonly Buffer[];

export function includesKey(lineage: Lineage, keyId: Buffer): boolean {
  return lineage.some((other) => other.equals(keyId));
}

export function withoutKey(lineage: Lineage, keyId: Buffer): Lineage {
  return includesKey(lineage, keyId) ? lineage.filter((other) => !other.equals(keyId)) : lineage;
}

/** Returns the lineage of what the key with this id seals next. */
export function sealedBy(lineage: Lineage, keyId: Buffer): Lineage {
  return [...withoutKey(lineage, keyId), keyId];
}
