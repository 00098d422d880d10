import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Call {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

/**
 * A stand-in for AWS KMS on the loopback interface: `Encrypt` and `Decrypt` with an encryption context, named by the header
 * `X-Amz-Target`, in KMS' own JSON. No signatures and no policies: a bearer token stands for them.
 */
export class LocalKms implements AsyncDisposable {
  readonly token: string = randomBytes(16).toString('hex');
  /** Records a line for each call, as CloudTrail does. */
  readonly trail: string[] = [];
  readonly #keys = new Map<string, Buffer>();
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  static async start(...keyIds: string[]): Promise<LocalKms> {
    const kms = new LocalKms();
    for (const keyId of keyIds) kms.#keys.set(keyId, randomBytes(32));
    kms.#server.listen(0, '127.0.0.1');
    await once(kms.#server, 'listening');
    return kms;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, body] = await this.#handle(request);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  }

  async #handle(request: IncomingMessage): Promise<[status: number, body: object]> {
    if (request.headers.authorization !== `Bearer ${this.token}`) return [400, { __type: 'AccessDeniedException' }];
    const action = String(request.headers['x-amz-target']).replace('TrentService.', '');
    const call = JSON.parse(await textOf(request)) as Call;
    const key = this.#keys.get(call.KeyId ?? '');
    if (key === undefined) return [400, { __type: 'NotFoundException' }];
    this.trail.push(`${action} ${call.KeyId} ${JSON.stringify(call.EncryptionContext)}`);
    try {
      if (action === 'Encrypt') return [200, { KeyId: call.KeyId, CiphertextBlob: encrypt(key, call) }];
      if (action === 'Decrypt') return [200, { KeyId: call.KeyId, Plaintext: decrypt(key, call) }];
      return [400, { __type: 'UnknownOperationException' }];
    } catch {
      return [400, { __type: 'InvalidCiphertextException' }];
    }
  }
}

function encrypt(key: Buffer, { Plaintext = '', EncryptionContext = {} }: Call): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(JSON.stringify(EncryptionContext)));
  const sealed = [iv, cipher.update(Plaintext, 'base64'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64');
}

function decrypt(key: Buffer, { CiphertextBlob = '', EncryptionContext = {} }: Call): string {
  const blob = Buffer.from(CiphertextBlob, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(JSON.stringify(EncryptionContext))).setAuthTag(blob.subarray(-16));
  return Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]).toString('base64');
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
