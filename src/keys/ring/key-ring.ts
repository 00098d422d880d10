import { hash } from 'node:crypto';
import { inspect } from 'node:util';
import { KeyRingError } from '../../errors.ts';
import { KEY_ID_BYTES } from '../../limits/keys.ts';
import { systemPlatform, type Platform } from '../../platform/platform.ts';
import { createRingFile, readRingFile } from '../file/ring-file.ts';
import { keyIdOf } from './key-material.ts';
import { checkCount, checkRing } from './ring-checks.ts';
import { exportRingJwk, importRingJwk, isObject, readRevokedKids, type RingJwk } from './ring-jwk.ts';
import type { RingOpener } from '../seal/ring-opener.ts';
import { algorithmOf, infoOf, type DataKey, type IndexKey, type KeyInfo, type RingKey } from './ring-key.ts';
import { sealText, unsealText } from '../seal/sealed-ring.ts';

/** A JWK Set (RFC 7517 §5) with a version of our own. It holds key material: seal it before it leaves the process. */
export interface KeyRingJwks {
  readonly 'holdfast:version': number;
  /**
   * The kids of keys that were revoked and then removed; envelopes under them stay refused. Absent if there are none.
   */
  readonly 'holdfast:revoked'?: readonly string[];
  readonly keys: readonly RingJwk[];
}

/**
 * The keys that a service knows, and the active one that seals. A ring is immutable: a rotation makes a new ring with a
 * higher version. `util.inspect` and `JSON.stringify` show kids and states, never material.
 */
export class KeyRing {
  /** The version, which grows by one with every change. */
  readonly version: number;
  /** The active data key, which seals every session. */
  readonly sealingKey: DataKey;
  /** Every index key that may have blinded a user id, the active one first. */
  readonly indexKeys: readonly [IndexKey, ...IndexKey[]];
  /** Every index key that is not revoked, the active one first: browsers hold cookies from before a key was retired. */
  readonly cookieIndexKeys: readonly [IndexKey, ...IndexKey[]];
  /** The kids of revoked keys whose material was removed. */
  readonly revokedKids: readonly string[];
  readonly #keys: readonly RingKey[];
  readonly #dataKeys: ReadonlyMap<string, DataKey>;
  /** The key ids of all revoked keys, whether or not the ring still has them. */
  readonly #revoked: ReadonlySet<string>;

  /**
   * @internal Builds a ring. Applications use `generateKeyRing`, `open` or `fromJwks`.
   * @throws {KeyRingError} the keys make no ring.
   */
  constructor(version: number, keys: readonly RingKey[], revokedKids: readonly string[] = []) {
    const { sealingKey, indexKeys, cookieIndexKeys } = checkRing(version, keys, revokedKids);
    this.version = version;
    this.sealingKey = sealingKey;
    this.indexKeys = Object.freeze(indexKeys);
    this.cookieIndexKeys = Object.freeze(cookieIndexKeys);
    this.#keys = [...keys];
    this.revokedKids = Object.freeze([...revokedKids]);
    this.#dataKeys = new Map(keys.filter(isDataKey).map((key) => [nameOf(key.keyId, 0), key]));
    const revokedKeys = keys.filter(({ state }) => state === 'revoked').map(({ keyId }) => keyId);
    this.#revoked = new Set([...revokedKeys, ...revokedKids.map(keyIdOf)].map((keyId) => nameOf(keyId, 0)));
    Object.freeze(this);
  }

  /**
   * Reads a JWK Set as `toJwks` writes it.
   * @throws {KeyRingError} it is no ring. The message names the place and never a value.
   */
  static fromJwks(jwks: unknown): KeyRing {
    if (!isObject(jwks)) throw new KeyRingError('A key ring must be a JSON Web Key Set.');
    const { keys } = jwks;
    if (!Array.isArray(keys)) throw new KeyRingError('A key ring must have an array of keys.');
    checkCount(keys);
    const imported = keys.map((jwk: unknown, at) => importRingJwk(jwk, `Key ring, keys[${at}]`));
    return new KeyRing(jwks['holdfast:version'] as number, imported, readRevokedKids(jwks['holdfast:revoked']));
  }

  /**
   * Opens a ring that `seal` sealed for this opener, among others.
   * @throws {KeyRingError} the text or the opener is wrong.
   */
  static async unseal(sealed: string, opener: RingOpener): Promise<KeyRing> {
    return ringFromText((await unsealText(sealed, opener)).text);
  }

  /**
   * Opens a ring that `save` wrote. A passphrase takes about 0.3 s.
   * @throws {KeyRingError} the file or the opener is wrong.
   */
  static async open(path: string, opener: RingOpener): Promise<KeyRing> {
    return KeyRing.unseal(await readRingFile(path), opener);
  }

  /**
   * Returns the ring as a JWE: compact for one opener, general for two to ten, any of which opens it. Let the ring
   * leave the process in no other form.
   */
  seal(openers: RingOpener | readonly RingOpener[]): Promise<string> {
    return sealText(textOfRing(this), openers);
  }

  /**
   * Writes the sealed ring into a new file, whole or not at all, readable by its owner only.
   * @throws {KeyRingError} the file exists already; `changeKeyRingFile` changes it.
   */
  async save(
    path: string,
    openers: RingOpener | readonly RingOpener[],
    platform: Platform = systemPlatform,
  ): Promise<void> {
    await createRingFile(path, await this.seal(openers), platform);
  }

  /** Returns the ring with its key material in the clear. Never log or store it; `seal` and `save` do not need it. */
  toJwks(): KeyRingJwks {
    return {
      'holdfast:version': this.version,
      ...(this.revokedKids.length === 0 ? {} : { 'holdfast:revoked': this.revokedKids }),
      keys: this.#keys.map(exportRingJwk),
    };
  }

  /** Returns the public description of every key. */
  keys(): KeyInfo[] {
    return this.#keys.map(infoOf);
  }

  /** Returns a SHA-256 of the public description, 32 bytes, which distinguishes two rings of one version. */
  fingerprint(): Buffer {
    const shown = this.#keys.map((key) => [key.kid, key.use, algorithmOf(key), key.state] as const).toSorted(byKid);
    return hash('sha256', JSON.stringify([this.version, shown, this.revokedKids.toSorted()]), 'buffer');
  }

  /** Returns the data key that the 8 bytes at `offset` name, whatever its state. */
  dataKey(keyId: Buffer, offset = 0): DataKey | undefined {
    return this.#dataKeys.get(nameOf(keyId, offset));
  }

  /** Returns true if the 8 bytes at `offset` name a revoked key, in the ring or removed from it since. */
  isRevoked(keyId: Buffer, offset = 0): boolean {
    return this.#revoked.size > 0 && this.#revoked.has(nameOf(keyId, offset));
  }

  /** @internal Returns the ring with other keys, one version later. */
  next(
    change: (keys: readonly RingKey[]) => readonly RingKey[],
    revokedKids: readonly string[] = this.revokedKids,
  ): KeyRing {
    return new KeyRing(this.version + 1, change(this.#keys), revokedKids);
  }

  toJSON(): {
    version: number;
    keys: Pick<KeyInfo, 'kid' | 'state' | 'use'>[];
    revokedKids: readonly string[];
  } {
    const keys = this.#keys.map(({ kid, use, state }) => ({ kid, use, state }));
    return { version: this.version, keys, revokedKids: this.revokedKids };
  }

  // A static block, since `isolatedDeclarations` cannot describe a computed name.
  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: KeyRing): string {
        return `KeyRing ${inspect(this.toJSON())}`;
      },
    });
  }
}

function isDataKey(key: RingKey): key is DataKey {
  return key.use === 'enc';
}

function byKid([a]: readonly [kid: string, ...unknown[]], [b]: readonly [kid: string, ...unknown[]]): number {
  return a < b ? -1 : 1;
}

/** Returns a string of eight characters, the fastest key of a Map. */
function nameOf(bytes: Buffer, offset: number): string {
  return bytes.toString('latin1', offset, offset + KEY_ID_BYTES);
}

/** @internal Returns the text of a ring that is sealed. */
export function textOfRing(ring: KeyRing): string {
  return JSON.stringify(ring.toJwks());
}

/** @internal Reads the text that was sealed. The error does not quote it, as V8's would: it holds keys. */
export function ringFromText(text: string): KeyRing {
  let jwks: unknown;
  try {
    jwks = JSON.parse(text);
  } catch {
    throw new KeyRingError('The key ring opened, but its content is not JSON.');
  }
  return KeyRing.fromJwks(jwks);
}
