import { DURABLE_TIMEOUT_MS_MAX } from './durable-tier.ts';

/** 128 bits: two lives of two clients never share one. */
export const NODE_ID_BYTES = 16;
/** One tiny statement per node; a longer interval makes the fleet's picture of itself older. */
export const NODE_HEARTBEAT_MS = 10_000;
/** A node's name in messages and in `health()`: 32 bits, enough to tell apart those that run at one time. */
export const NODE_NAME_BYTES = 4;
/** Nodes that a message names one by one: a fleet in which more lag behind has one reason for all. */
export const NODES_NAMED_MAX = 10;
/** A node that could not tell the fleet for this long tells it before it writes again: three heartbeats missed. */
export const NODE_FENCE_MS = 30_000;
/** After a heartbeat that failed, the next one comes sooner: three of them missed would keep the node from writing. */
export const NODE_HEARTBEAT_RETRY_MS = 1_000;
/** A node that closes takes itself from the fleet within this time, or leaves it to age. */
export const NODE_FAREWELL_MS = 1_000;
/** How often somebody who waits for the fleet looks at it: one small statement. */
export const FLEET_POLL_MS = 500;
/** The longest that a promotion or a retirement waits for the fleet; a person should look at a node that takes longer. */
export const FLEET_WAIT_MS_MAX: number = 60 * 60_000;
/** A node counts as alive for this long: the fence, and the longest that a write sent before it may be on its way. */
export const NODE_ALIVE_MS = 60_000;
/** After a node has said that it seals with another key, what it sealed before may still be on its way: twice a time-out and its wait, and clocks. */
export const RING_SETTLE_MS: number = 4 * DURABLE_TIMEOUT_MS_MAX;
/** Nodes that died without a word stay in the fleet's table this long, for the operator to see. */
export const NODE_FORGOTTEN_MS: number = 24 * 60 * 60_000;
/** An unknown key id makes a node load its ring again, at most this often: a flood of forged ones must not load the key service. */
export const KEYS_RELOAD_MS_MIN = 5_000;
/** How often a ring file is looked at: one `stat`. */
export const KEY_FILE_INTERVAL_MS_DEFAULT = 5_000;
/** How often other key sources are asked. A key service bills by the call; a rotation waits for the slowest node. */
export const KEY_SOURCE_INTERVAL_MS_DEFAULT = 60_000;
/** Less would only load the disk or the key service: a rotation takes minutes. */
export const KEY_INTERVAL_MS_MIN = 100;
/** A node that hears of a new ring later than after a day is one that nobody waits for. */
export const KEY_INTERVAL_MS_MAX: number = 24 * 60 * 60_000;
/** Intervals are drawn this much shorter or longer, so that nodes that started together do not ask together for ever. */
export const INTERVAL_JITTER: number = 0.2;
