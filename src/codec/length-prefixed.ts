const PREFIX_BYTES = 2;

/**
 * Joins fields so that no two lists of fields give the same bytes: each behind its length, 16 bits, big-endian. (With a
 * separator, `a|b` + `c` and `a` + `b|c` would be equal.)
 */
export function lengthPrefixed(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => [lengthOf(field), field]));
}

function lengthOf(field: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt16BE(field.length);
  return prefix;
}
