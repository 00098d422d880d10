/**
 * Names of the keys. All begin with the namespace and a colon, so that one ACL pattern `~<namespace>:*` covers them and
 * nothing else.
 */
export class Keys {
  readonly #sessions: string;
  /** Written by every probe; holds nothing of anybody. */
  readonly probe: string;

  constructor(namespace: string) {
    this.#sessions = `${namespace}:s:`;
    this.probe = `${namespace}:probe`;
  }

  session(storageKey: Buffer): string {
    return this.#sessions + storageKey.toString('base64url');
  }
}
