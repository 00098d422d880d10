import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing, keyRingFile, type KeySource } from 'holdfast';

/** Where the shop keeps its key ring: a sealed file that every node reads as it starts. */
export class KeyCabinet implements AsyncDisposable {
  readonly passphrase: string = randomBytes(24).toString('base64url');
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(): Promise<KeyCabinet> {
    const cabinet = new KeyCabinet(await mkdtemp(join(tmpdir(), 'holdfast-keys-')));
    await cabinet.save(await KeyRing.generate());
    return cabinet;
  }

  source(): KeySource {
    return keyRingFile(this.#path, { passphrase: this.passphrase });
  }

  save(ring: KeyRing): Promise<void> {
    return ring.save(this.#path, { passphrase: this.passphrase });
  }

  get #path(): string {
    return join(this.#dir, 'keys.json');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
