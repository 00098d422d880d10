import type { KeySource } from '../../../src/index.ts';
import { revokeKey, withPromoted } from '../../../src/keys/ring/rotation.ts';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import { fixtureRing } from '../../support/ring-fixtures.ts';
import { EPOCH_MS, type World } from '../world.ts';

/** A node has looked at its ring after this long at most. */
export const KEYS_LOOK_MS_MAX = 5_000;

/** Before and after a promotion, and with the first key revoked. Every node has both keys from the beginning. */
const rings = fixtureRing().then((first) => {
  const promoted = withPromoted(first, {}, { ...systemPlatform, now: () => EPOCH_MS });
  return [first, promoted, revokeKey(promoted, { kid: first.sealingKey.kid })] as const;
});

/** The ring that the nodes of a fleet load, which changes while they run; each looks at it now and then. */
export class SimulatedRing {
  readonly #world: World;
  #stage: 0 | 1 | 2 = 0;
  /** World time of each change; `Infinity` if there was none. */
  promotedAt = Infinity;
  revokedAt = Infinity;

  constructor(world: World) {
    this.#world = world;
  }

  promote(): void {
    if (this.#stage > 0) return;
    this.#stage = 1;
    this.promotedAt = this.#world.now;
  }

  /** Revokes the key that was active at first. */
  revoke(): void {
    if (this.#stage === 2) return;
    this.promote();
    this.#stage = 2;
    this.revokedAt = this.#world.now;
  }

  readonly source: KeySource = {
    load: async () => (await rings)[this.#stage],
    watch: (changed, platform) => this.#lookAtRandom(platform, changed),
  };

  #lookAtRandom(platform: Platform, changed: () => void): () => void {
    let cancel = (): void => undefined;
    const look = (): void => {
      cancel = platform.after(
        this.#world.random.between(0, KEYS_LOOK_MS_MAX),
        () => {
          changed();
          look();
        },
        'background',
      );
    };
    look();
    return () => cancel();
  }
}
