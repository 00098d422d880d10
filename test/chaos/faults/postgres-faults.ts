import { asPostgresAdmin } from '../../support/servers/postgres.ts';
import type { Mishap } from '../../support/servers/statement-proxy.ts';
import type { Postgres } from '../database/postgres.ts';
import { type FaultKind, oneOf, type Scene } from './fault-kind.ts';

/** Statements that meet with a mishap each time: fewer in a row than open the breaker of any node for long. */
const MISHAPS = 4;
/** From before the client has asked again to after the statement's own deadline. */
const LATENESS_MS = [20, 300, 1_200, 2_600];
const WRITES = /(INSERT INTO|UPDATE) "/;
const INSERTS = /INSERT INTO "/;

function postgres({ fleet: { database } }: Scene): Postgres {
  if (database.name !== 'postgresql') throw new Error('this fault is one of PostgreSQL');
  return database;
}

async function endSessions(scene: Scene): Promise<void> {
  const { server } = postgres(scene);
  const others = `datname = '${server.database}' AND pid <> pg_backend_pid()`;
  await asPostgresAdmin(server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
}

/** Concerns the next writes, of any sender. */
function mishap(kind: Mishap): FaultKind {
  const aim = (scene: Scene): void => {
    const { choice } = scene;
    const at = choice < 0.3 ? INSERTS : WRITES;
    const lateMs = oneOf(LATENESS_MS, (choice * LATENESS_MS.length * 2) % 1);
    postgres(scene).statements.aim(...Array.from({ length: MISHAPS }, () => ({ mishap: kind, at, lateMs })));
  };
  return { group: 'database', begin: aim, midway: aim, end: (scene) => postgres(scene).statements.aim() };
}

/** Of one server, and of statements on their way to it. */
export const POSTGRES_FAULTS = {
  'database-killed': {
    group: 'database',
    begin: (scene) => postgres(scene).server.kill(),
    end: (scene) => postgres(scene).server.start(),
  },
  'database-restarted': {
    group: 'database',
    begin: (scene) => postgres(scene).server.shutDown(),
    end: (scene) => postgres(scene).server.start(),
  },
  'database-frozen': {
    group: 'database',
    begin: (scene) => postgres(scene).server.pause(),
    end: (scene) => postgres(scene).server.resume(),
  },
  'database-sessions-ended': { group: 'database', begin: endSessions, midway: endSessions, end: endSessions },
  'database-answer-lost': mishap('answer-lost'),
  'database-question-lost': mishap('question-lost'),
  'database-question-late': mishap('question-late'),
} as const satisfies Record<string, FaultKind>;
