import { createCipheriv, createSecretKey, type Cipheriv, type KeyObject } from 'node:crypto';
import { KEY_BYTES } from '../limits/keys.ts';

const BLOCK_BYTES = 16;
/** The first bytes of the nonce, which the derived key takes in. The other 12 bytes are the IV of AES-256-GCM. */
const SALT_BYTES = 12;
export const XAES_NONCE_BYTES = 24;

/**
 * The key derivation of XAES-256-GCM (https://c2sp.org/XAES-256-GCM): a fresh AES-256-GCM key for each message, from a
 * 192-bit nonce, so that random nonces do not run out. It is the NIST SP 800-108r1 KDF in counter mode over CMAC.
 *
 * "ECB" here is the bare AES block of CMAC (SP 800-38B): two blocks that never repeat under one nonce. ECB keeps no
 * state between blocks, so one cipher object serves a key, at a third of the cost of a new one per message.
 */
export class Xaes {
  readonly #aes: Cipheriv;
  /** M1 ⊕ K1 ‖ M2 ⊕ K1, the nonce still to be mixed in. */
  readonly #template: Buffer;
  readonly #input: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

  constructor(key: KeyObject) {
    this.#aes = createCipheriv('aes-256-ecb', key, null);
    this.#aes.setAutoPadding(false);
    this.#template = templateOf(subkey(this.#aes.update(Buffer.alloc(BLOCK_BYTES))));
  }

  /** Returns the AES-256-GCM key of the message with this 24-byte nonce. */
  derive(nonce: Uint8Array): KeyObject {
    const input = this.#input;
    const template = this.#template;
    input.set(template);
    for (let at = 0; at < SALT_BYTES; at++) {
      const byte = nonce[at] as number;
      input[4 + at] = (template[4 + at] as number) ^ byte;
      input[20 + at] = (template[20 + at] as number) ^ byte;
    }
    const bytes = this.#aes.update(input);
    if (bytes.length !== KEY_BYTES) throw new Error('AES gave another length than it was given.');
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  }
}

/** Returns K1 of CMAC (SP 800-38B §6.1): L doubled in GF(2¹²⁸), without a branch on its top bit. */
function subkey(l: Buffer): Buffer {
  const k1 = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at++) {
    k1[at] = ((l[at] as number) << 1) | ((l[at + 1] ?? 0) >> 7);
  }
  const overflow = (l[0] as number) >> 7;
  k1[BLOCK_BYTES - 1] = (k1[BLOCK_BYTES - 1] as number) ^ (0x87 & -overflow);
  return k1;
}

/** Returns Mi = 0x00 ‖ i ‖ 'X' ‖ 0x00 ‖ nonce[0..12], mixed with K1 as CMAC mixes a last, complete block. */
function templateOf(k1: Buffer): Buffer {
  const blocks = [1, 2].map((counter) => {
    const block = Buffer.alloc(BLOCK_BYTES);
    block.set([0, counter, 0x58, 0]);
    return block.map((byte, at) => byte ^ (k1[at] as number));
  });
  return Buffer.concat(blocks);
}
