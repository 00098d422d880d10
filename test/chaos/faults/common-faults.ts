import { asPostgresAdmin } from '../../support/servers/postgres.ts';
import type { Mishap } from '../../support/servers/statement-proxy.ts';
import type { FaultKind, Scene } from './fault-kind.ts';

const SKEW_MS = 4_000;
/** How long the wire waits for a reply to cut: long enough for one statement, too short for the breaker. */
const CUTTING_MS = 60;
/** Statements that meet with a mishap each time: fewer in a row than open the breaker of any node for long. */
const MISHAPS = 4;
/** From before the client has asked again to after the statement's own deadline. */
const LATENESS_MS = [20, 300, 1_200, 2_600];
const WRITES = /(INSERT INTO|UPDATE) "/;
const INSERTS = /INSERT INTO "/;

function oneOf<T>(list: readonly T[], choice: number): T {
  return list[Math.floor(choice * list.length)]!;
}

const resetPostgres = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toPostgres }) => toPostgres.resetAll());

/** The reply that is on its way, or the next one, ends after a few bytes. */
function cutReply({ node, choice }: Scene): void {
  node.toPostgres.set({ byteLimit: { direction: 'down', bytes: 1 + Math.floor(choice * 40) } });
  setTimeout(() => node.toPostgres.heal(), CUTTING_MS);
}

async function endSessions({ fleet }: Scene): Promise<void> {
  const others = `datname = '${fleet.postgres.database}' AND pid <> pg_backend_pid()`;
  await asPostgresAdmin(fleet.postgres, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
}

/** Concerns the next writes, of any sender. */
function mishap(kind: Mishap): FaultKind {
  const aim = ({ fleet, choice }: Scene): void => {
    const at = choice < 0.3 ? INSERTS : WRITES;
    const lateMs = oneOf(LATENESS_MS, (choice * LATENESS_MS.length * 2) % 1);
    fleet.statements.aim(...Array.from({ length: MISHAPS }, () => ({ mishap: kind, at, lateMs })));
  };
  return { group: 'database', begin: aim, midway: aim, end: ({ fleet }) => fleet.statements.aim() };
}

/** Of the database and of the processes, whatever Redis is. */
export const COMMON_FAULTS = {
  'database-killed': {
    group: 'database',
    begin: ({ fleet }) => fleet.postgres.kill(),
    end: ({ fleet }) => fleet.postgres.start(),
  },
  'database-restarted': {
    group: 'database',
    begin: ({ fleet }) => fleet.postgres.shutDown(),
    end: ({ fleet }) => fleet.postgres.start(),
  },
  'database-frozen': {
    group: 'database',
    begin: ({ fleet }) => fleet.postgres.pause(),
    end: ({ fleet }) => fleet.postgres.resume(),
  },
  'database-reset': { group: 'database', begin: resetPostgres, midway: resetPostgres, end: resetPostgres },
  'database-sessions-ended': { group: 'database', begin: endSessions, midway: endSessions, end: endSessions },
  'database-reply-cut': { group: 'database', begin: cutReply, midway: cutReply, end: cutReply },
  'database-answer-lost': mishap('answer-lost'),
  'database-question-lost': mishap('question-lost'),
  'database-question-late': mishap('question-late'),
  'node-killed': {
    group: 'node',
    async begin({ fleet, node, kept }) {
      await fleet.killNode(node);
      // It may need a database that is only there again at the end.
      kept.starting = fleet.addNode();
      kept.starting.catch(() => undefined);
    },
    async end({ kept }) {
      await kept.starting;
    },
  },
  'node-frozen': {
    group: 'node',
    losesRedis: true,
    begin: ({ node }) => node.freeze(),
    end: ({ node }) => node.thaw(),
  },
  'clock-skewed': {
    group: 'clock',
    begin: ({ node, choice }) => node.send({ kind: 'skew', skewMs: choice * 7 < 3.5 ? -SKEW_MS : SKEW_MS }),
    end: ({ node }) => node.send({ kind: 'skew', skewMs: 0 }),
  },
} as const satisfies Record<string, FaultKind>;
