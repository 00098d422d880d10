import { TierFailure } from '../../src/errors.ts';
import { COARSE_TICK_MS } from '../../src/limits/process.ts';
import { CoarseTimeouts } from '../../src/platform/coarse-timeouts.ts';
import { Batcher } from '../../src/tiers/prisma/batch/batcher.ts';
import { type LaneThrift, Lanes } from '../../src/tiers/prisma/batch/lanes.ts';
import { FakePlatform } from './fake-platform.ts';

export const TIMEOUT_MS = 1_000;

/** The latest that a call expires after its timeout. */
export const TICKS_MS = 2 * COARSE_TICK_MS;

export const GIVEN_UP_MS = TIMEOUT_MS + TICKS_MS;

export interface Request {
  readonly session: string;
  readonly name: string;
  readonly bytes: number;
}

export interface Circumstances {
  /** Two lanes that are opened like those of reads. */
  readonly thrift?: Omit<LaneThrift, 'platform'>;
  readonly lanes?: Lanes | number;
  /** @defaultValue 16 */
  readonly rowsMin?: number;
  readonly rowsMax?: number;
  readonly holdsLane?: boolean;
  readonly locksRows?: boolean;
  /** Answers at once, or throws; without it, answers come from `answer` and `fail`. */
  readonly send?: (names: readonly string[]) => void;
  readonly unreadable?: string;
}

export function setUp(circumstances: Circumstances = {}) {
  const { lanes = 1, thrift, rowsMin = 16, rowsMax = 256, holdsLane = false, locksRows = false } = circumstances;
  const { send, unreadable } = circumstances;
  const platform = new FakePlatform();
  const sent: Request[][] = [];
  const pending: { answer: (answers: (n: number) => string) => void; fail: (failure: Error) => void }[] = [];
  const answersTo = (requests: readonly Request[], sessions?: readonly string[]) => (n: number) => {
    const { session, name } = requests[n] ?? {};
    if (name === unreadable) throw new TierFailure('ambiguous', 'malformed-row');
    return name && (!sessions || sessions.includes(session ?? '')) ? name : 'nothing';
  };
  const batcher = new Batcher<Request, string>({
    platform,
    timeoutMs: TIMEOUT_MS,
    timeouts: new CoarseTimeouts(platform, TIMEOUT_MS, (call) => call.expire()),
    lanes: thrift ? new Lanes(2, { platform, ...thrift }) : typeof lanes === 'number' ? new Lanes(lanes) : lanes,
    holdsLane,
    locksRows,
    rowsMin,
    rowsMax,
    storageKeyOf: ({ session }) => Buffer.from(session),
    bytesOf: ({ bytes }) => bytes,
    send: async (requests) => {
      sent.push([...requests]);
      send?.(requests.map(({ name }) => name));
      if (send) return answersTo(requests);
      return new Promise((answer, fail) => pending.push({ answer, fail }));
    },
  });
  return {
    platform,
    call: (session: string, name = session, bytes = 1) => batcher.run({ session, name, bytes }),
    /** The names in each statement. */
    statements: () => sent.map((requests) => requests.map(({ name }) => name).join(' ')),
    answer: (index: number, sessions?: readonly string[]) =>
      pending[index]?.answer(answersTo(sent[index] ?? [], sessions)),
    fail: (index: number, failure: Error) => pending[index]?.fail(failure),
  };
}
