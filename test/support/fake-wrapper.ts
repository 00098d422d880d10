import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../../src/keys/seal/key-wrapper.ts';

/** A key service without a service: AES-256-GCM under a key that follows from the id, with the context as additional data. */
export function fakeWrapper(id: string): KeyWrapper {
  const key = hash('sha256', `holdfast test key service: ${id}`, 'buffer');
  const aad = (context: object): Buffer => Buffer.from(JSON.stringify(context));
  return {
    id,
    wrap: async (plaintext, context) => {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad(context));
      return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap: async (wrapped, context) => {
      const bytes = Buffer.from(wrapped);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(aad(context)).setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    },
  };
}
