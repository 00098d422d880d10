import { DURABLE_TIMEOUT_MS_MAX } from './durable-tier.ts';

/** 128 bits: no two runs of any two clients share one. */
export const NODE_ID_BYTES = 16;
/** The interval of heartbeats: one tiny statement per node. A longer one makes the fleet's view of its nodes older. */
export const NODE_HEARTBEAT_MS = 10_000;
/** A node's name in messages and in `health()`: 32 bits distinguish the nodes that run at one time. */
export const NODE_NAME_BYTES = 4;
/** The nodes that a message names. If more lag behind, they have one reason in common. */
export const NODES_NAMED_MAX = 10;
/** A node without a heartbeat for this long (three missed) sends one before it writes again. */
export const NODE_FENCE_MS = 30_000;
/**
 * The pause after a heartbeat that failed. It is shorter than the interval, since three missed ones keep the node from
 * writing.
 */
export const NODE_HEARTBEAT_RETRY_MS = 1_000;
/**
 * The time in which a closing node removes itself from the fleet's table. After it, its row ages like that of a crashed
 * node.
 */
export const NODE_FAREWELL_MS = 1_000;
/** The interval at which a caller that waits for the fleet reads it: one small statement. */
export const FLEET_POLL_MS = 500;
/** The longest wait of a promotion or a retirement for the fleet. A person should look at a node that takes longer. */
export const FLEET_WAIT_MS_MAX: number = 60 * 60_000;
/** A node counts as alive for this long: the fence, and the longest that a write sent before it may take. */
export const NODE_ALIVE_MS = 60_000;
/**
 * The time for which envelopes under a node's former key may still be on their way, after it has reported another: two
 * timeouts with their waits, and clock differences.
 */
export const RING_PROPAGATION_MS: number = 4 * DURABLE_TIMEOUT_MS_MAX;
/**
 * The length of the text that names servers of the primary tier: the masters of the largest Redis Cluster (1 000 nodes, half of
 * them masters, 35 characters each).
 */
export const MASTERS_CHARS_MAX = 20_000;
/**
 * The reports of nodes that were seen within this time have to agree before a newly named server counts without a pause. It is longer than
 * a node counts as alive: a database's clock that is set forward must not make the reports of running nodes look dead.
 */
export const REPORTS_AGREE_MS: number = 10 * 60_000;
/** Nodes that crashed stay in the fleet's table this long, for the operator to see. */
export const NODE_FORGOTTEN_MS: number = 24 * 60 * 60_000;
/** An unknown key id makes a node reload its ring, at most this often: forged ids must not load the key service. */
export const KEYS_RELOAD_MS_MIN = 5_000;
/** The interval at which a ring file is checked: one `stat`. */
export const KEY_FILE_INTERVAL_MS_DEFAULT = 5_000;
/**
 * The interval at which other key sources are asked. A key service bills by the call; a rotation waits for the slowest
 * node.
 */
export const KEY_SOURCE_INTERVAL_MS_DEFAULT = 60_000;
/** A rotation takes minutes; a shorter interval only loads the disk or the key service. */
export const KEY_INTERVAL_MS_MIN = 100;
/** A node that loads a new ring later than after a day is one that no rotation waits for. */
export const KEY_INTERVAL_MS_MAX: number = 24 * 60 * 60_000;
/** Intervals are drawn this share shorter or longer, so that nodes that started together do not ask together. */
export const INTERVAL_JITTER: number = 0.2;
