import type { RecordState, SealedRecord } from '../../../session/sealed-record.ts';
import type {
  FindEndedCommand,
  InsertCommand,
  InsertOutcome,
  MovedRow,
  MoveUserKeyCommand,
  NodeMark,
  RegenerateCommand,
  RemoveEndedCommand,
  RevokeCommand,
  RevokeManyCommand,
  RingMark,
  SweepClaim,
  TouchCommand,
  UpdateCommand,
  WalkCommand,
} from '../../durable.ts';
import type { Database } from '../dialects/dialect.ts';
import type { MovedRequest, ReadRequest } from '../rows/rows.ts';
import type { Build, Share } from '../statement.ts';
import { clear, type ClearFeed } from './feed/clear.ts';
import { markDirty } from './feed/mark-dirty.ts';
import { type ReadFeed, read as readFeed } from './feed/read.ts';
import { forget } from './fleet/forget.ts';
import { heartbeat } from './fleet/heartbeat.ts';
import { type NameMasters, nameMasters } from './fleet/name-masters.ts';
import { raiseRing } from './fleet/raise-ring.ts';
import { read as readFleet } from './fleet/read.ts';
import { findRegenerated } from './sessions/find-regenerated.ts';
import { holders, insert } from './sessions/insert.ts';
import { listByUser, type ListByUser } from './sessions/list-by-user.ts';
import { readState } from './sessions/read-state.ts';
import { read } from './sessions/read.ts';
import { regenerate } from './sessions/regenerate.ts';
import { revokeMany } from './sessions/revoke-many.ts';
import { revoke } from './sessions/revoke.ts';
import { touch } from './sessions/touch.ts';
import { update } from './sessions/update.ts';
import { advanceTime, beginTime } from './time/time.ts';
import { claimSweep } from './upkeep/claim-sweep.ts';
import { findEnded } from './upkeep/find-ended.ts';
import { moveUserKey } from './upkeep/move-user-key.ts';
import { removeEnded } from './upkeep/remove-ended.ts';
import { walk } from './upkeep/walk.ts';

/** The statements of one database, by the names of the contract's methods. The file of each describes it. */
export interface Statements {
  readonly sessions: SessionStatements;
  readonly feed: {
    readonly markDirty: Build<Buffer>;
    readonly read: Build<ReadFeed>;
    readonly clear: Build<ClearFeed>;
  };
  /**
   * The statements of fleet and upkeep carry no deadline: run again or late, one repeats what was true when it was
   * sent, or finds less to do, and at worst a node looks alive, or behind, until its next heartbeat.
   */
  readonly fleet: {
    readonly raiseRing: Build<RingMark>;
    readonly heartbeat: Build<NodeMark>;
    readonly read: Build<void>;
    readonly nameMasters: Build<NameMasters>;
    readonly forget: Build<Buffer | number>;
  };
  /** The statements that only a cluster of databases has. */
  readonly time: {
    readonly begin: Build<void>;
    readonly advance: Build<void>;
  } | null;
  readonly upkeep: {
    readonly walk: Build<WalkCommand>;
    readonly moveUserKey: Build<MoveUserKeyCommand>;
    readonly claimSweep: Build<SweepClaim>;
    readonly findEnded: Build<FindEndedCommand>;
    readonly removeEnded: Build<RemoveEndedCommand>;
  };
}

export interface SessionStatements {
  readonly insert: Share<InsertCommand, boolean>;
  readonly holders: Share<InsertCommand, InsertOutcome>;
  readonly read: Share<ReadRequest, SealedRecord | null>;
  readonly readState: Share<Buffer, RecordState | null>;
  readonly update: Share<UpdateCommand, boolean>;
  readonly touch: Share<TouchCommand, RecordState | null>;
  readonly findRegenerated: Share<MovedRequest, MovedRow | null>;
  readonly regenerate: Build<RegenerateCommand>;
  readonly revoke: Build<RevokeCommand>;
  readonly revokeMany: Build<RevokeManyCommand>;
  readonly listByUser: Build<ListByUser>;
}

/** Compiles every statement, once for a tier. */
export function statementsFor(database: Database): Statements {
  return {
    sessions: {
      insert: insert(database),
      holders: holders(database),
      read: read(database),
      readState: readState(database),
      update: update(database),
      touch: touch(database),
      findRegenerated: findRegenerated(database),
      regenerate: regenerate(database),
      revoke: revoke(database),
      revokeMany: revokeMany(database),
      listByUser: listByUser(database),
    },
    feed: {
      markDirty: markDirty(database),
      read: readFeed(database),
      clear: clear(database),
    },
    fleet: {
      raiseRing: raiseRing(database),
      heartbeat: heartbeat(database),
      read: readFleet(database),
      nameMasters: nameMasters(database),
      forget: forget(database),
    },
    time: database.time ? { begin: beginTime(database), advance: advanceTime(database) } : null,
    upkeep: {
      walk: walk(database),
      moveUserKey: moveUserKey(database),
      claimSweep: claimSweep(database),
      findEnded: findEnded(database),
      removeEnded: removeEnded(database),
    },
  };
}
