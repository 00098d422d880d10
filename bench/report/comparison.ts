import { typical, type Rounds } from '../measure/rounds.ts';
import type { Results } from '../results.ts';
import { NAMES, type SubjectKey } from '../subjects/names.ts';
import type { Cell, Table } from './table.ts';

interface Kind {
  readonly name: string;
  readonly store: string;
  readonly read: SubjectKey;
  readonly write: SubjectKey;
  readonly encrypted: string;
  readonly revocable: string;
}

const KINDS: readonly Kind[] = [
  {
    name: 'Redis',
    store: 'connect-redis',
    read: 'redisRead',
    write: 'redisSet',
    encrypted: 'no',
    revocable: 'at once',
  },
  {
    name: 'database',
    store: 'connect-pg-simple',
    read: 'pgRead',
    write: 'pgUpdate',
    encrypted: 'no',
    revocable: 'at once',
  },
  {
    name: 'cookie',
    store: 'iron-session',
    read: 'cookieRead',
    write: 'cookieWrite',
    encrypted: 'yes',
    revocable: 'never',
  },
  { name: 'both tiers', store: 'holdfast', read: 'readAgain', write: 'update', encrypted: 'yes', revocable: 'at once' },
];

/**
 * Returns the table of places for a session, with the cost and the gain of each; undefined without a throughput run.
 */
export function comparison({ throughput, latency, memory, survival }: Results): Table | undefined {
  if (throughput === undefined) return undefined;
  const alone = latency?.find(({ callers }) => callers === 1)?.rounds;
  const rows = KINDS.map(({ name, store, read, write, encrypted, revocable }): Cell[] => {
    const room = memory?.find((result) => result.store === store);
    const survived = survival?.find((result) => result.store === store);
    return [
      `${name} (${store})`,
      perSecond(throughput, read),
      perSecond(throughput, write),
      p50(alone, read),
      p50(alone, write),
      survived ? `${survived.left} of ${survived.acknowledged}` : '–',
      room?.redisUsed ?? '–',
      room?.row ?? '–',
      room?.cookie ?? '–',
      encrypted,
      revocable,
    ];
  });
  return {
    title: 'Redis, database, cookie',
    columns: [
      '',
      'reads/s',
      'writes/s',
      'read ms, alone',
      'write ms, alone',
      'left after SIGKILL',
      'Redis bytes',
      'row bytes',
      'cookie bytes',
      'encrypted',
      'revocable',
    ],
    rows,
    note: 'A read counts as activity. SIGKILL hits every server at once; Redis takes snapshots as redis.conf ships. A cookie "survives" because nobody can take it away.',
  };
}

function perSecond(rounds: Rounds, key: SubjectKey): Cell {
  const measured = rounds[NAMES[key]];
  return measured === undefined ? '–' : typical(measured).perSecond;
}

function p50(rounds: Rounds | undefined, key: SubjectKey): Cell {
  const measured = rounds?.[NAMES[key]];
  return measured === undefined ? '–' : typical(measured).p50;
}
