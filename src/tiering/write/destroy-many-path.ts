import { OutcomeUnknownError, TierUnavailableError } from '../../errors.ts';
import {
  LATECOMER_TIMEOUTS,
  LOST_STATEMENT_LOOK_MS,
  PREVIOUS_KEY_LOOKUP_MS,
  REVOKE_BATCH_ROWS,
  REVOKE_WALKS_MAX,
} from '../../limits/durable-tier.ts';
import { delay } from '../../platform/platform.ts';
import { hasEnded } from '../../session/lifetime.ts';
import { announceLostRevocation } from '../background.ts';
import { newWriteId, type Tally, type TieringContext } from '../context.ts';
import { destroyAt, findMoved } from './destroy-path.ts';
import { pagesOfUser } from '../read/list-path.ts';
import { entomb } from './revocation.ts';
import { orUnknown, settle } from './unknown-outcome.ts';

/**
 * Ends every session whose creation was acknowledged before the call. Returns how many were alive, and counts them in `tally`. A session that is regenerated
 * meanwhile may get a key behind the walk, so the walk is repeated until it finds none that has moved.
 */
export async function destroyMany(
  context: TieringContext,
  of: readonly Buffer[] | 'everyone',
  except: Buffer | null,
  tally: Tally,
): Promise<number> {
  const done: Progress = { revoked: 0, tally, lostUntil: null };
  try {
    let isFirst = true;
    for (let walk = 1; ; walk += 1) {
      const { isLate, found, moved } = await destroyOneWalk(context, of, except, done);
      // The first whole walk may have been overtaken by whatever it found; later ones only by what had moved. A new login has not.
      const isOvertaken = isFirst ? found > 0 : moved > 0;
      if (!isOvertaken && !isLate) break;
      if (!isLate) isFirst = false;
      if (walk === REVOKE_WALKS_MAX) throw new OutcomeUnknownError();
    }
    if (done.lostUntil !== null) await orUnknown(untilPast(context, done.lostUntil));
    // What this walk did not find may just have been revoked by another call whose tombstones are still on their way.
    await context.feed.catchUp();
    return tally.alive;
  } catch (error) {
    // "Unavailable" would say that nothing was changed.
    throw done.revoked > 0 && error instanceof TierUnavailableError ? new OutcomeUnknownError() : error;
  }
}

interface Progress {
  revoked: number;
  readonly tally: Tally;
  /** The deadline of a statement whose answer was lost: it was sent again, may still run, and would then end newer sessions. */
  lostUntil: number | null;
}

interface Walk {
  readonly found: number;
  /** The number of those that had lately been given another key. */
  readonly moved: number;
  /** The last statement came too late for its deadline: there is more to end. */
  readonly isLate: boolean;
}

/** Revokes batch after batch, each one statement that marks its rows, and entombs what a batch revoked before the next. */
async function destroyOneWalk(
  context: TieringContext,
  of: readonly Buffer[] | 'everyone',
  except: Buffer | null,
  done: Progress,
): Promise<Walk> {
  const { platform, durable } = context;
  let after: Buffer = Buffer.alloc(0);
  let [found, moved] = [0, 0];
  for (;;) {
    const now = platform.now();
    const writeId = newWriteId(platform);
    const command = {
      of,
      except,
      after,
      limit: REVOKE_BATCH_ROWS,
      writeId,
      revokedAt: now,
      validUntil: durable.validUntil(),
    };
    const { answer: rows, isRepeat } = await settle(() => durable.sessions.revokeMany(command));
    if (isRepeat) done.lostUntil = command.validUntil;
    if (rows === 'late') {
      // The lost one may have ended some.
      if (isRepeat) throw new OutcomeUnknownError();
      return { isLate: true, found, moved };
    }
    await Promise.all(rows.map((row) => entomb(context, row)));
    found += rows.length;
    moved += rows.filter(({ hasMoved }) => hasMoved).length;
    done.revoked += rows.length;
    done.tally.alive += rows.filter((row) => !hasEnded(row, now)).length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < REVOKE_BATCH_ROWS) return { isLate: false, found, moved };
    after = last.storageKey;
  }
}

/**
 * Ends logins that were in flight during the call, later: their INSERT may have committed behind it, but none commits after its
 * own deadline. Sessions created after the call are new logins and stay.
 */
export function destroyLatecomersLater(
  context: TieringContext,
  userKeys: readonly Buffer[],
  except: Buffer | null,
  calledAt: number,
): void {
  const { platform, pendingRevocations, durableTimeoutMs } = context;
  const knowsExceptUntil = platform.monotonic() + PREVIOUS_KEY_LOOKUP_MS;
  const attempt = async (): Promise<void> => {
    // The kept session may have another key by then, which rows do not remember for ever.
    if (except !== null && platform.monotonic() > knowsExceptUntil) announceLostRevocation(null);
    else await destroyLatecomers(context, userKeys, except, calledAt);
  };
  const delayMs = LATECOMER_TIMEOUTS * durableTimeoutMs;
  // An early look that finds nothing proves nothing: an INSERT may still come.
  const owed = { storageKey: null, refused: null, isKnown: true, delayMs, mayBeEarly: false, attempt };
  if (!pendingRevocations.add(owed)) announceLostRevocation(null);
}

async function destroyLatecomers(
  context: TieringContext,
  userKeys: readonly Buffer[],
  except: Buffer | null,
  calledAt: number,
): Promise<void> {
  for await (const rows of pagesOfUser(context, userKeys)) {
    for (const { storageKey, createdAt } of rows) {
      if (createdAt > calledAt || (except && (await isSame(context, except, storageKey, calledAt)))) continue;
      await destroyOfUser(context, userKeys, storageKey);
    }
  }
}

/** Follows a session that is regenerated meanwhile, unless it is another user's by then. */
async function destroyOfUser(context: TieringContext, userKeys: readonly Buffer[], storageKey: Buffer): Promise<void> {
  if ((await destroyAt(context, storageKey)) !== null) return;
  const moved = await findMoved(context, storageKey);
  const row = moved === null ? null : await context.durable.sessions.read(moved.storageKey);
  const isTheirs = userKeys.some((userKey) => row?.userKey?.equals(userKey));
  if (row !== null && isTheirs) await destroyOfUser(context, userKeys, row.storageKey);
}

/** Throws `OutcomeUnknownError` where the database's clock does not get there, since it was set back. */
async function untilPast({ durable, platform, durableTimeoutMs }: TieringContext, time: number): Promise<void> {
  const givenUpAt = platform.monotonic() + LATECOMER_TIMEOUTS * durableTimeoutMs;
  while (!(await durable.isPast(time))) {
    if (platform.monotonic() > givenUpAt) throw new OutcomeUnknownError();
    await delay(platform, LOST_STATEMENT_LOOK_MS);
  }
}

/** True if two keys are of one session: the one that is to be kept may have been regenerated since the call. */
async function isSame({ durable }: TieringContext, kept: Buffer, found: Buffer, calledAt: number): Promise<boolean> {
  if (kept.equals(found)) return true;
  const since = calledAt - PREVIOUS_KEY_LOOKUP_MS;
  const present = (await durable.sessions.findRegenerated(kept, since))?.storageKey;
  if (present === undefined || present.equals(found)) return present !== undefined;
  return (await durable.sessions.findRegenerated(found, since))?.storageKey.equals(present) ?? false;
}
