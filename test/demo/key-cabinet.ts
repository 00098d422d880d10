import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeKeyRingFile, generateKeyRing, keyRingFile, type KeyRing, type KeySource } from 'holdfast';

/** Where the shop keeps its key ring: a sealed file that every node looks at. */
export class KeyCabinet implements AsyncDisposable {
  readonly passphrase: string = randomBytes(24).toString('base64url');
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(): Promise<KeyCabinet> {
    const cabinet = new KeyCabinet(await mkdtemp(join(tmpdir(), 'holdfast-keys-')));
    await (await generateKeyRing()).save(cabinet.#path, { passphrase: cabinet.passphrase });
    return cabinet;
  }

  source(): KeySource {
    return keyRingFile(this.#path, { passphrase: this.passphrase }, { every: '500ms' });
  }

  change(change: (ring: KeyRing) => Promise<KeyRing>): Promise<KeyRing> {
    return changeKeyRingFile(this.#path, { passphrase: this.passphrase }, change);
  }

  get #path(): string {
    return join(this.#dir, 'keys.json');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
