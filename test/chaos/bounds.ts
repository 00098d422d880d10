import { UPDATE_TIMEOUT_MS_DEFAULT as UPDATE_MS } from '../../src/limits/client.ts';
import { DURABLE_IN_FLIGHT_MAX } from '../../src/limits/durable-tier.ts';
import { PRIMARY_TIMEOUT_MS_DEFAULT as PRIMARY_MS } from '../../src/limits/primary-tier.ts';
import type { OperationKind } from '../simulation/history.ts';

/** The client's `durableTimeout` here: short, so that outages fit into the run. */
export const DURABLE_TIMEOUT_MS = 1_000;
/** Scheduling, three processes and two servers on two cores. */
const MACHINE_MS = 500;

/** Room among the reads, room, and the statement: each at its longest. */
const QUESTION_MS = 3 * DURABLE_TIMEOUT_MS;
/** Room and the statement, the same once more, and a question about what became of it. */
const WRITE_MS = 2 * 2 * DURABLE_TIMEOUT_MS + QUESTION_MS;
/** A copy is confirmed, found to be old, and loaded. */
const READ_MS = 2 * PRIMARY_MS + 2 * QUESTION_MS;
/** A turn in the queue, and then all that can happen to one write. */
const UPDATE_ALL_MS = UPDATE_MS + READ_MS + WRITE_MS + 2 * PRIMARY_MS + QUESTION_MS;
const DESTROY_MS = 2 * PRIMARY_MS + WRITE_MS + 2 * QUESTION_MS;

/** The longest a call may take when every time-out on its way runs out one after the other. */
export const CALL_BOUNDS_MS: Readonly<Record<OperationKind, number>> = {
  create: WRITE_MS + MACHINE_MS,
  // Once more, under the id that the session has moved to.
  destroy: 2 * DESTROY_MS + MACHINE_MS,
  destroyByUser: WRITE_MS + PRIMARY_MS + MACHINE_MS,
  get: READ_MS + MACHINE_MS,
  regenerate: UPDATE_ALL_MS + MACHINE_MS,
  replace: UPDATE_ALL_MS + MACHINE_MS,
  strongGet: READ_MS + MACHINE_MS,
  touch: READ_MS + QUESTION_MS + MACHINE_MS,
  update: UPDATE_ALL_MS + MACHINE_MS,
};

/** While the database is well: two commands of Redis that time out, its retries under contention, and a busy machine. */
export const CALL_BOUND_REDIS_ONLY_MS: number = 2 * PRIMARY_MS + 2 * MACHINE_MS;
/**
 * The time in which other nodes learn what only Redis could have shown them: the promise, and the error of the
 * measurement.
 */
export const FEED_BOUND_MS = 1_500 + 100;
/** After Redis is back: one reconnect and one probe (1 s promised), a poll of the feed, and a busy machine. */
export const RETURN_BOUND_MS = 1_000 + 1_500;
/** How long after its end a fault of Redis may keep writes from being published. */
export const REDIS_RECOVERY_MS = 3_000;
/** The breaker's probe, one poll of the feed, and what was under way when the database came back. */
export const DATABASE_RECOVERY_MS = 6_000;
/** The time from a write to Redis to its acknowledgement, on a busy machine. */
export const ACKNOWLEDGEMENT_MS = MACHINE_MS;
/** What the clocks of Redis and of this machine are estimated to, and the measurement. */
export const REVALIDATION_MARGIN_MS = 200;
export const STATEMENTS_MAX: number = DURABLE_IN_FLIGHT_MAX;
