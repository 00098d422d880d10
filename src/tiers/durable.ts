import type { TierContext } from './context.ts';
import type { DurableFacts } from './diagnosis.ts';
import type { Feed } from './durable/feed.ts';
import type { Fleet } from './durable/fleet.ts';
import type { Sessions } from './durable/sessions.ts';
import type { Upkeep } from './durable/upkeep.ts';

export type * from './durable/feed.ts';
export type * from './durable/fleet.ts';
export type * from './durable/sessions.ts';
export type * from './durable/upkeep.ts';

/**
 * The truth: a SQL database, or anything else that can do what each method says in one atomic statement. Everything that
 * crosses this contract is sealed. It never revives a row: `sessions.insert` is the only method that creates one, and a
 * revocation is final.
 *
 * Whatever goes wrong leaves a tier as a `TierFailure` of one of four kinds, and as nothing else. A tier never answers
 * "absent" for something that it could not find out.
 *
 * Up to `DURABLE_CALLS_MAX` calls come at a time. The tier bounds its statements at a time, and may let calls share one as long
 * as each gets its own answer. Calls that fail together may be given the same `TierFailure`, which then counts once.
 * A call whose time is up before its statement was sent fails as `not-sent` with the reason `deadline`: that says nothing about the
 * database.
 */
export interface DurableTier {
  /** Names the tier in messages and health reports, such as `prisma (postgresql)`. */
  readonly name: string;
  readonly sessions: Sessions;
  readonly feed: Feed;
  readonly fleet: Fleet;
  readonly upkeep: Upkeep;
  /** Checks that the database answers and that tables, columns and grants are as needed; `misconfigured` says which are not. */
  open(context: TierContext): Promise<void>;
  /** Runs the cheapest statement that shows that statements are answered again. Returns the database's clock, in milliseconds. */
  probe(): Promise<number>;
  /** Collects facts for `holdfast doctor`, whether the tier is open or not. Rejects with a `TierFailure` where the database does not answer. */
  diagnose?(context: TierContext): Promise<DurableFacts>;
  /** Releases what the tier itself opened. Connections that the application owns stay open. */
  close(): Promise<void>;
}
