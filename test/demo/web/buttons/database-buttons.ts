import { failuresOf, ms, plural } from '../watch.ts';
import { CannotPress, type Button } from './button.ts';

const stop: Button = async ({ postgres, machines }) => {
  if (machines.database === 'stopped') throw new CannotPress('PostgreSQL is stopped already.');
  machines.database = 'stopped';
  await postgres.shutDown();
  return {
    did: 'PostgreSQL was stopped.',
    async reaction(watch) {
      const change = await watch.change('durable', 'away');
      await watch.pause();
      const { redis, writes, failedWrites, failed } = watch.count();
      const after = change === undefined ? '' : `After ${ms(change.tookMs)} `;
      const unread = failed - failedWrites;
      const but =
        unread === 0 ? '' : `, but not ${unread} whose copy the database has not confirmed since Redis was last lost`;
      return `${after}the library serves from Redis alone, for 15 minutes (${plural(redis, 'read')} since${but}), and refuses writes as "unavailable" (${failedWrites} of ${writes}): nothing changes, and nobody is signed out.`;
    },
  };
};

const start: Button = async ({ postgres, machines }) => {
  if (machines.database === 'running') throw new CannotPress('PostgreSQL is running.');
  await postgres.start();
  machines.database = 'running';
  return {
    did: 'PostgreSQL was started again.',
    async reaction(watch) {
      const change = await watch.change('durable', 'up');
      const from = Date.now();
      await watch.pause();
      const count = watch.count(from);
      const after = change === undefined ? '' : ` after ${ms(change.tookMs)}`;
      return `The library writes to it again${after}: ${plural(count.writes, 'write')} since; ${failuresOf(count)}.`;
    },
  };
};

export const DATABASE_BUTTONS = { 'stop-database': stop, 'start-database': start } as const;
