import { ConfigurationError } from '../errors.ts';
import {
  lackOf,
  livingNodes,
  refuseRival,
  silentNodes,
  statusOf,
  waitForFleet,
  type FleetQuestion,
  type NodeStatus,
} from '../fleet/fleet.ts';
import { KeyRing } from '../keys/ring/key-ring.ts';
import type { KeyPurpose } from '../keys/ring/ring-key.ts';
import { withPromoted, withRetired } from '../keys/ring/rotation.ts';
import { FLEET_WAIT_MS_MAX } from '../limits/fleet.ts';
import { requireOptions } from '../option-checks.ts';
import { parseDuration, type Duration } from '../platform/duration.ts';
import { systemPlatform, type Platform } from '../platform/platform.ts';
import type { FleetView } from '../tiers/durable.ts';
import { objectionToRetirement, requireUnused } from '../upkeep/retirement.ts';
import { Steps } from '../upkeep/steps.ts';
import { requireEngine, type AnyClient } from './engine-of.ts';

/** The options of a function that asks the fleet whether it has a ring. */
interface FleetAsked {
  /** A client of the fleet, which asks it. The client is one of its nodes. */
  readonly sessions: AnyClient;
  /** The longest wait for nodes that lag behind; up to 1 h. @defaultValue 0 */
  readonly timeout?: Duration;
  readonly force?: boolean;
}

/** The options that make it do without. */
interface FleetNotAsked {
  readonly force: true;
  readonly sessions?: AnyClient | undefined;
}

/** The options of `promoteKey`: `sessions`, or `force: true`. */
export type PromoteKeyOptions = (FleetAsked | FleetNotAsked) & {
  /** Chooses among several pending keys. */
  readonly kid?: string;
  /** @defaultValue 'data', or the use of `kid` */
  readonly use?: KeyPurpose;
  /** @internal The clock; for tests. */
  readonly platform?: Platform;
};

/**
 * The second half of a rotation: returns a ring, one version higher, in which the pending key is active and the one before
 * it decrypt-only. Every live node has to have the ring that is given; docs/operating/key-rotation.md has the whole
 * procedure. `force` does not ask the fleet: a node without the key cannot open what others seal until it has loaded the
 * ring. A ring in which `kid` is active already is returned as it is.
 * @throws {KeyRingError} says how many live nodes lack the ring after `timeout`, or why the key cannot become active.
 * @throws {ConfigurationError} names the option that is wrong.
 * @example
 * await changeKeyRingFile('keys.json', { passphrase }, (ring) => promoteKey(ring, { sessions, timeout: '1m' }));
 */
export async function promoteKey(ring: KeyRing, options: PromoteKeyOptions): Promise<KeyRing> {
  const names = ['sessions', 'kid', 'use', 'force', 'timeout', 'platform'];
  const given = requireOptions('promoteKey options', options, names);
  const { kid, use, platform = systemPlatform } = given;
  const promoted = withPromoted(ring, { kid, use }, platform);
  if (promoted !== ring && given.force !== true) {
    await askFleet('promoteKey', given, { ring, objectionTo: (fleet) => lackOf(ring, fleet) });
  }
  return promoted;
}

/** The options of `retireKey`: `kid`, and `sessions` or `force: true`. */
export type RetireKeyOptions = (FleetAsked | FleetNotAsked) & {
  /** A decrypt-only key. */
  readonly kid: string;
};

/**
 * Returns a ring, one version higher, in which a decrypt-only key opens nothing any more. Every live node has to have used
 * the ring that is given for 20 s, and no living session may be sealed (data key) or filed (index key) under the key.
 * `force` does not look: what the key still seals cannot be read any more. A ring in which it is retired already is
 * returned as it is.
 * @throws {KeyRingError} says which of that does not hold after `timeout`, or why the key cannot be retired.
 * @throws {ConfigurationError} names the option that is wrong.
 * @example
 * await changeKeyRingFile('keys.json', { passphrase }, (ring) => retireKey(ring, { sessions, kid, timeout: '1m' }));
 */
export async function retireKey(ring: KeyRing, options: RetireKeyOptions): Promise<KeyRing> {
  const given = requireOptions('retireKey options', options, ['sessions', 'kid', 'force', 'timeout']);
  const { kid } = given;
  const retired = withRetired(ring, kid);
  if (retired === ring || given.force === true) return retired;
  await askFleet('retireKey', given, { ring, objectionTo: (fleet) => objectionToRetirement(ring, fleet) });
  // Only now: what a node sealed before it had the ring is committed, or never will be.
  await requireUnused(new Steps(requireEngine('retireKey', given.sessions), undefined), ring, kid);
  return retired;
}

/** The options of `waitForNodes`. */
export interface WaitForNodesOptions {
  /** A client of the fleet. It is one of the nodes that are waited for. */
  readonly sessions: AnyClient;
  /** The longest wait for nodes that lag behind; up to 1 h. @defaultValue 0 */
  readonly timeout?: Duration;
}

/** The nodes of a fleet after `waitForNodes`. */
export interface Acknowledgement {
  /** The number of live nodes, which all use the ring. */
  readonly nodes: number;
  /**
   * Nodes that were not waited for, because they have been silent for a minute, and that did not have the ring when they were
   * last seen. They have died; or they cannot reach the database, and may still read from the primary tier.
   */
  readonly silent: readonly NodeStatus[];
}

/**
 * Resolves once every live node uses the ring or a newer one: a key that it revokes is then refused everywhere. Save the
 * ring where the nodes load it first. A node that has been silent for a minute does not count: the answer names those that
 * lack the ring.
 * @throws {KeyRingError} names the nodes that lag behind after `timeout` by their `health().keys.node`, with the version
 * that each of them has and when it was last seen.
 * @throws {ConfigurationError} names the option that is wrong.
 * @example
 * const ring = await changeKeyRingFile('keys.json', { passphrase }, (old) => revokeKey(old, { kid }));
 * const { silent } = await waitForNodes(ring, { sessions, timeout: '1m' });
 * for (const { node, ring: version } of silent) console.warn(`${node} is silent, and has version ${version}`);
 */
export async function waitForNodes(ring: KeyRing, options: WaitForNodesOptions): Promise<Acknowledgement> {
  const given = requireOptions('waitForNodes options', options, ['sessions', 'timeout']);
  const candidate: unknown = ring;
  if (!(candidate instanceof KeyRing)) throw new ConfigurationError('waitForNodes: expected a KeyRing.');
  const question = { ring, objectionTo: (fleet: FleetView) => lackOf(ring, fleet), refuse: refuseRival };
  const fleet = await askFleet('waitForNodes', given, question);
  const silent = silentNodes(fleet).filter(({ ringVersion }) => ringVersion < ring.version);
  return { nodes: livingNodes(fleet).length, silent: silent.map((node) => statusOf(node, fleet)) };
}

/** Waits until nothing speaks against it. Callers without types may leave the client out. */
async function askFleet(
  what: string,
  { sessions, timeout = 0 }: FleetAsked,
  question: Omit<FleetQuestion, 'timeoutMs'>,
): Promise<FleetView> {
  const engine = requireEngine(what, sessions);
  const timeoutMs = parseDuration('timeout', timeout, 0, FLEET_WAIT_MS_MAX);
  const readFleet = (): Promise<FleetView> => engine.use(({ durable }) => durable.fleet.read());
  return waitForFleet(engine.platform, readFleet, { ...question, timeoutMs });
}
