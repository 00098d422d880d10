import { TierFailure } from '../../errors.ts';
import { REJECTED_BACKOFF } from '../../limits/durable-tier.ts';
import { backoffMs } from '../../platform/backoff.ts';
import { delay, type Platform } from '../../platform/platform.ts';
import { Call, type CallTimeouts } from './batch/call.ts';
import type { Statement } from '../sql/statement.ts';
import { leavesStatementActive, toTierFailure } from './failure.ts';
import type { Lanes } from './batch/lanes.ts';
import type { PrismaClientLike } from './prisma-client.ts';
import type { PrismaProvider } from './prisma-options.ts';
import type { ClusterTime } from '../sql/cluster/cluster-time.ts';
import { presentOf, type Row } from '../sql/rows/rows.ts';

export interface RunnerOptions {
  readonly platform: Platform;
  readonly timeoutMs: number;
  readonly timeouts: CallTimeouts;
  /** The lanes in which statements for one caller wait for their turn. */
  readonly lanes: Lanes;
  /** True if a lane belongs to its statement until the answer, however late. */
  readonly holdsLane: boolean;
  readonly provider: PrismaProvider;
  /** The statements that are sent first on a new connection. */
  readonly settings: readonly Statement[];
  /** Ends the connection that it is sent on. */
  readonly leave: Statement | null;
  /** Reads the time of a cluster of databases, and its state; undefined where one server's clock is the time. */
  readonly cluster?: { readonly time: ClusterTime; readonly probe: Statement; readonly quorum: Statement } | undefined;
}

type Send<T> = () => PromiseLike<T>;

/**
 * The reasons that pass: another statement was in the way, and the same one may succeed a moment later. Nothing was
 * changed, or, for `rows-moved`, nothing that repeating it would change again.
 */
const PASSING_REASONS: ReadonlySet<string> = new Set([
  'busy',
  'deadlock',
  'rows-moved',
  'serialization',
  'server-unknown',
]);

/** The reasons of a server that was the primary, or is to become it, and of one that its cluster has lost. */
const DEMOTED: ReadonlySet<string> = new Set(['cluster-wait', 'no-quorum', 'read-only', 'standby']);

/** Sends every statement of a tier. Each call settles within the timeout, and rejects with nothing but a `TierFailure`. */
export class StatementRunner {
  readonly #client: PrismaClientLike;
  readonly #options: RunnerOptions;

  constructor(client: PrismaClientLike, options: RunnerOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Returns the result of `convert`. Its error is retried like a failure of the statement. */
  rows<T>(statement: Statement, convert: (rows: readonly Row[]) => T): Promise<T> {
    return this.#inLane((deadline) => this.attemptRows(statement, deadline, convert));
  }

  /** Returns how many rows the statement changed. */
  count(statement: Statement): Promise<number> {
    return this.#inLane((deadline) => this.#attempt(() => this.#countRows(statement, deadline), deadline));
  }

  applySettings(): Promise<void> {
    return this.#inLane((deadline) => this.#attempt(() => this.#sendSettings(), deadline));
  }

  /** Does what `rows` does, for a caller that holds a lane. Retries transient failures until `deadline`. */
  attemptRows<T>(statement: Statement, deadline: number, convert: (rows: readonly Row[]) => T): Promise<T> {
    return this.#attempt(async () => convert(await this.#findRows(statement, deadline)), deadline);
  }

  async #countRows(statement: Statement, deadline: number): Promise<number> {
    const { answer, change } = statement;
    if (answer) return (await this.#findRows(statement, deadline)).length;
    if (!change) return this.#change(statement);
    const changed = change(await this.#query(statement));
    return 'text' in changed ? this.#countRows(changed, deadline) : changed.length;
  }

  async #findRows(statement: Statement, deadline: number): Promise<readonly Row[]> {
    const { answer, change } = statement;
    if (change) {
      const changed = change(await this.#query(statement));
      return 'text' in changed ? this.#findRows(changed, deadline) : changed;
    }
    if (!answer) return this.#query(statement);
    const answered = answer(await this.#change(statement));
    return 'text' in answered ? this.#findOutcome(answered, deadline) : answered;
  }

  /** Reads what a write that is done has changed. A read that the server refused is sent again: the write needs no second attempt. */
  async #findOutcome(statement: Statement, deadline: number): Promise<readonly Row[]> {
    const { platform, provider } = this.#options;
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#findRows(statement, deadline);
      } catch (error) {
        const { kind, reason } = await this.#afterWait(toTierFailure(error, provider));
        const pauseMs = backoffMs(platform, REJECTED_BACKOFF, failures);
        const mayPass = kind === 'rejected' && !DEMOTED.has(reason) && platform.monotonic() + pauseMs < deadline;
        // The read may have been refused, or not been sent at all; the write before it is done.
        if (!mayPass) throw new TierFailure('ambiguous', reason);
        await delay(platform, pauseMs);
      }
    }
  }

  async #query(statement: Statement): Promise<readonly Row[]> {
    return (await this.#client.$queryRawUnsafe(statement.text, ...this.#valuesOf(statement))) as readonly Row[];
  }

  #change(statement: Statement): PromiseLike<number> {
    return this.#client.$executeRawUnsafe(statement.text, ...this.#valuesOf(statement));
  }

  #valuesOf({ values }: Statement): Statement['values'] {
    if (this.#options.cluster === undefined) return values;
    return values.map((value) => (typeof value === 'function' ? value() : value));
  }

  #inLane<T>(attempt: (deadline: number) => Promise<T>): Promise<T> {
    const { platform, timeoutMs, timeouts, lanes, holdsLane } = this.#options;
    const call = new Call<T>(timeouts, platform.monotonic() + timeoutMs, () => leaveLine());
    const leaveLine = lanes.enter(() => {
      // A statement that was given up may still run.
      call.whenLate = () => new TierFailure('ambiguous', 'deadline');
      const sent = attempt(call.deadline).then(
        (answer) => call.resolve(answer),
        (failure: unknown) => call.reject(failure),
      );
      return holdsLane ? sent : call.within(sent);
    });
    return call.answered;
  }

  async #attempt<T>(send: Send<T>, deadline: number): Promise<T> {
    const { platform, provider } = this.#options;
    let isInDoubt = false;
    for (let failures = 0; ; failures += 1) {
      try {
        return await send();
      } catch (error) {
        const failure = await this.#afterWait(toTierFailure(error, provider));
        // Before anything else is sent: the statement still has its lane.
        if (leavesStatementActive(error)) await this.#renewConnection();
        // A statement that was not sent had no connection to leave.
        if (failure.kind !== 'not-sent' && DEMOTED.has(failure.reason)) await this.#leaveServer();
        if (failure.reason === 'server-unknown') await this.#meetServer();
        const pauseMs = backoffMs(platform, REJECTED_BACKOFF, failures);
        const passing = PASSING_REASONS.has(failure.reason);
        if (!passing || platform.monotonic() + pauseMs >= deadline) throw isInDoubt ? inDoubt(failure) : failure;
        isInDoubt ||= failure.kind === 'ambiguous';
        await delay(platform, pauseMs);
      }
    }
  }

  /**
   * Discards the connection with the unfinished statement: libsql hands it to a transaction, in which nothing is done,
   * and opens another for the next statement.
   */
  async #renewConnection(): Promise<void> {
    const nothingToDo = new Error('This transaction only discards a connection.');
    try {
      await this.#client
        .$transaction?.(() => Promise.reject(nothingToDo))
        .then(undefined, (error: unknown) => {
          if (error !== nothingToDo) throw error;
        });
      await this.#sendSettings();
    } catch {
      // The connection may acknowledge and lose whatever is sent from now on.
      throw new TierFailure('ambiguous', 'connection-stuck');
    }
  }

  /**
   * Ends the connection to a server that is no primary any more, so that the next one leads where the name of the database leads by then.
   * A pool keeps a connection that works, and gives it to the next probe again. It gives what came back last, so this statement gets the
   * connection of the one before; where it gets another, that one is made anew.
   */
  async #leaveServer(): Promise<void> {
    const { leave } = this.#options;
    // The answer is the error of a connection that was ended.
    if (leave) await this.#query(leave).catch(() => undefined);
  }

  /**
   * Returns why the wait for a lock ended. A cluster ends the wait for what it has committed with the same error, and at once where it has
   * no quorum; a probe waits for nothing else.
   */
  async #afterWait(failure: TierFailure): Promise<TierFailure> {
    const { cluster, provider } = this.#options;
    if (cluster === undefined || failure.reason !== 'lock-timeout') return failure;
    try {
      await this.#query(cluster.probe);
      return failure;
    } catch (error) {
      if (toTierFailure(error, provider).reason !== 'lock-timeout') return failure;
    }
    const [row] = await this.#query(cluster.quorum).catch(() => []);
    return new TierFailure('rejected', row?.['Value'] === 'Primary' ? 'cluster-wait' : 'no-quorum');
  }

  /** Reads the clock of a server that a way to the cluster has led to. The pool gives the connection of the statement before, as above. */
  async #meetServer(): Promise<void> {
    const { cluster } = this.#options;
    if (!cluster) return;
    const [row] = await this.#query(cluster.probe).catch(() => []);
    if (row) presentOf(row, cluster.time);
  }

  async #sendSettings(): Promise<void> {
    for (const { text, values } of this.#options.settings) await this.#client.$queryRawUnsafe(text, ...values);
  }
}

/**
 * The failure of several attempts, one of which changed some rows: even "too late" does not mean that nothing was changed.
 */
function inDoubt({ reason }: TierFailure): TierFailure {
  return new TierFailure('ambiguous', reason === 'too-late' ? 'rows-moved' : reason);
}
