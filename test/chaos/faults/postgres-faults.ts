import { asPostgresAdmin } from '../../support/servers/postgres.ts';
import type { Mishap } from '../../support/servers/statement-proxy.ts';
import type { Postgres } from '../database/postgres.ts';
import type { FaultKind, Scene } from './fault-kind.ts';

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

function postgres({ fleet: { database } }: Scene): Postgres {
  if (database.name !== 'postgresql') throw new Error('this fault is one of PostgreSQL');
  return database;
}

const resetPostgres = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toDatabase }) => toDatabase.resetAll());

/** The reply that is on its way, or the next one, ends after a few bytes. */
function cutReply({ node, choice }: Scene): void {
  node.toDatabase.set({ byteLimit: { direction: 'down', bytes: 1 + Math.floor(choice * 40) } });
  setTimeout(() => node.toDatabase.heal(), CUTTING_MS);
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

/** Of one server and of the wires to it. */
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
  'database-reset': { group: 'database', begin: resetPostgres, midway: resetPostgres, end: resetPostgres },
  'database-sessions-ended': { group: 'database', begin: endSessions, midway: endSessions, end: endSessions },
  'database-reply-cut': { group: 'database', begin: cutReply, midway: cutReply, end: cutReply },
  'database-answer-lost': mishap('answer-lost'),
  'database-question-lost': mishap('question-lost'),
  'database-question-late': mishap('question-late'),
} as const satisfies Record<string, FaultKind>;
