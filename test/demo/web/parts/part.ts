/** A run of stored bytes, and what somebody who has stolen the store reads in it. */
export interface Part {
  readonly name: string;
  /** Hexadecimal. */
  readonly bytes: string;
  /** `clear`: readable. `hashed`: stands for something, and does not lead back to it. `sealed`: ciphertext, and what belongs to it. */
  readonly kind: 'clear' | 'hashed' | 'sealed';
  readonly reads: string;
}

export function part(name: string, bytes: Uint8Array, kind: Part['kind'], reads: string): Part {
  return { name, bytes: Buffer.from(bytes).toString('hex'), kind, reads };
}

/** A moment as a thief would write it down. */
export function moment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
