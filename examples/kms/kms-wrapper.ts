import type { KeyWrapper } from 'holdfast';

export interface KmsOptions {
  readonly url: string;
  readonly token: string;
  readonly keyId: string;
  /** @defaultValue 3000 */
  readonly timeoutMs?: number;
}

/**
 * A `KeyWrapper` over the two calls of AWS KMS that it needs. With the AWS SDK, `call` becomes
 * `client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }))`; Vault's transit engine has `encrypt` and `decrypt` with
 * `associated_data`, Google Cloud KMS `additionalAuthenticatedData`.
 */
export function kmsWrapper({ url, token, keyId, timeoutMs = 3_000 }: KmsOptions): KeyWrapper {
  async function call(action: 'Decrypt' | 'Encrypt', body: object): Promise<Record<string, string>> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'x-amz-target': `TrentService.${action}` },
      body: JSON.stringify({ KeyId: keyId, ...body }),
      // Without a timeout a silent service would keep the application from starting, and from reporting why.
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as Record<string, string>;
    // The name is what holdfast reports of the error: `AccessDeniedException`.
    if (!response.ok) throw Object.assign(new Error('KMS refused'), { name: answer['__type'] });
    return answer;
  }
  return {
    id: keyId,
    async wrap(key, context) {
      const Plaintext = Buffer.from(key).toString('base64');
      const { CiphertextBlob } = await call('Encrypt', { Plaintext, EncryptionContext: context });
      return Buffer.from(CiphertextBlob ?? '', 'base64');
    },
    async unwrap(wrapped, context) {
      const CiphertextBlob = Buffer.from(wrapped).toString('base64');
      const { Plaintext } = await call('Decrypt', { CiphertextBlob, EncryptionContext: context });
      return Buffer.from(Plaintext ?? '', 'base64');
    },
  };
}
