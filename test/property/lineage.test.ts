import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Codec } from '../../src/codec/codec.ts';
import { EnvelopeError } from '../../src/errors.ts';
import type { KeyRing } from '../../src/keys/ring/key-ring.ts';
import {
  addKey,
  generateKeyRing,
  removeKey,
  revokeKey,
  withPromoted,
  withRetired,
} from '../../src/keys/ring/rotation.ts';
import { LINEAGE_KEYS_MAX } from '../../src/limits/session.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import { NAMESPACE, recordOf, STORAGE_KEY } from '../support/sealing-fixtures.ts';
import { RingInUse } from '../../src/keys/ring/ring-in-use.ts';

const STEPS = ['create', 'write', 'write', 'rotate', 'rotate', 'retire', 'remove', 'revoke'] as const;
type Step = readonly [kind: (typeof STEPS)[number], choice: number];

/** One session: its envelope, and every key that ever sealed it or what it was made of. */
interface Descendant {
  readonly envelope: Buffer;
  readonly history: ReadonlySet<string>;
}

class World {
  ring: KeyRing;
  readonly #ringInUse: RingInUse;
  readonly #codec: Codec;
  readonly #revoked = new Set<string>();
  #sessions: Descendant[] = [];
  refused = 0;

  constructor(ring: KeyRing) {
    this.ring = ring;
    this.#ringInUse = new RingInUse(ring);
    this.#codec = new Codec({
      ringInUse: this.#ringInUse,
      namespace: NAMESPACE,
      platform: systemPlatform,
      maxPayloadBytes: 1024,
    });
  }

  async take([kind, choice]: Step): Promise<void> {
    switch (kind) {
      case 'create':
        return this.#create();
      case 'write':
        return this.#write(choice);
      case 'rotate':
        return this.#rotate();
      default:
        return this.#change(kind, choice);
    }
  }

  /** The histories of sessions that open although a key in them is revoked, or do not although none is and their own key opens. */
  get wrong(): string[][] {
    const isWrong = ({ envelope, history }: Descendant): boolean => {
      const isForged = [...history].some((keyId) => this.#revoked.has(keyId));
      const state = this.ring.dataKey(this.#codec.keyIdOf(envelope))?.state;
      return this.#opens(envelope) !== (!isForged && (state === 'active' || state === 'decrypt-only'));
    };
    return this.#sessions.filter(isWrong).map(({ history }) => [...history]);
  }

  async #rotate(): Promise<void> {
    const unrevoked = this.ring.keys().filter(({ use, state }) => use === 'enc' && state !== 'revoked');
    if (unrevoked.length <= LINEAGE_KEYS_MAX) return this.#use(withPromoted(await addKey(this.ring)));
    await addKey(this.ring).then(
      () => Promise.reject(new Error('There was no room for another key.')),
      () => (this.refused += 1),
    );
  }

  #create(): void {
    const envelope = this.#codec.seal(STORAGE_KEY, recordOf());
    this.#sessions.push({ envelope, history: new Set([this.#active]) });
  }

  /** Sealed again by the active key, whichever sealed it before. */
  #write(choice: number): void {
    const at = choice % Math.max(this.#sessions.length, 1);
    const session = this.#sessions[at];
    if (session === undefined || !this.#opens(session.envelope)) return;
    const envelope = this.#codec.seal(STORAGE_KEY, this.#codec.open(STORAGE_KEY, session.envelope));
    this.#sessions[at] = { envelope, history: new Set([...session.history, this.#active]) };
  }

  #change(kind: 'remove' | 'retire' | 'revoke', choice: number): void {
    const states = { remove: ['retired', 'revoked'], retire: ['decrypt-only'], revoke: ['decrypt-only', 'retired'] };
    const able = this.ring.keys().filter(({ use, state }) => use === 'enc' && states[kind].includes(state));
    const key = able[choice % Math.max(able.length, 1)];
    if (key === undefined) return;
    if (kind === 'remove') return this.#use(removeKey(this.ring, { kid: key.kid }));
    if (kind === 'retire') return this.#use(withRetired(this.ring, key.kid));
    this.#revoked.add(Buffer.from(key.kid, 'base64url').toString('hex', 0, 8));
    this.#use(revokeKey(this.ring, { kid: key.kid }));
  }

  get #active(): string {
    return this.ring.sealingKey.keyId.toString('hex');
  }

  #use(ring: KeyRing): void {
    this.ring = ring;
    this.#ringInUse.replace(ring);
  }

  #opens(envelope: Buffer): boolean {
    try {
      this.#codec.open(STORAGE_KEY, envelope);
      return true;
    } catch (error) {
      if (error instanceof EnvelopeError) return false;
      throw error;
    }
  }
}

const step = fc.tuple(fc.constantFrom(...STEPS), fc.nat());

it('a session ends with the revocation of any key that it ever descended from, and with no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const world = new World(await generateKeyRing());
      for (const each of steps) {
        await world.take(each);
        expect(world.wrong).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
});

it('a session that is written through as many rotations as a ring allows loses no key that can be revoked', async () => {
  const world = new World(await generateKeyRing());
  await world.take(['create', 0]);
  for (let n = 0; n < 2 * LINEAGE_KEYS_MAX; n += 1) {
    await world.take(['rotate', 0]);
    await world.take(['write', 0]);
  }
  expect(world.refused).toBeGreaterThan(0);
  expect(world.wrong).toEqual([]);
  for (let n = 0; n < LINEAGE_KEYS_MAX; n += 1) {
    await world.take(['retire', 0]);
    await world.take(['remove', 0]);
  }
  for (let n = 0; n < 2 * LINEAGE_KEYS_MAX; n += 1) {
    for (const kind of ['rotate', 'write', 'retire', 'remove'] as const) await world.take([kind, 0]);
  }
  for (const kind of ['rotate', 'write', 'revoke'] as const) await world.take([kind, 0]);
  expect(world.wrong).toEqual([]);
});
