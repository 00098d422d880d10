/**
 * Names the keys. All begin with the namespace and a colon, so that one ACL pattern `~<namespace>:*` covers them and
 * nothing else.
 */
export class KeyNames {
  readonly #sessions: string;
  /** The key that every probe writes; it holds no data of a session. In a cluster each shard has its own: this, a colon, a number. */
  readonly probe: string;

  constructor(namespace: string) {
    this.#sessions = `${namespace}:s:`;
    this.probe = `${namespace}:probe`;
  }

  session(storageKey: Buffer): string {
    return this.#sessions + storageKey.toString('base64url');
  }
}
