import { CLOCK_DIFFERENCE_MS_MAX } from '../../../limits/doctor.ts';
import type { Facts } from '../facts.ts';
import type { Found } from '../findings.ts';

/** Others may read it, or the group may write it. */
const LOOSE_MODE = 0o027;
/** The group may read: a service with an account of its own gets its files so. */
const GROUP_READS = 0o040;
/** The group or others may write. */
const WRITABLE_MODE = 0o022;

export function checkFiles({ files }: Facts): Found[] {
  return files
    .filter(({ mode }) => (mode & LOOSE_MODE & ~GROUP_READS) !== 0)
    .map(({ what, mode, isSealed }) => ({
      // A sealed ring is of no use without what opens it.
      code: isSealed && (mode & WRITABLE_MODE) === 0 ? 'ring-readable' : 'file-permissions',
      found: `${what} has the mode ${(mode & 0o777).toString(8).padStart(4, '0')}`,
    }));
}

export function checkNamespace({ durable, namespace }: Facts): Found[] {
  const { facts } = durable;
  if (facts === null || facts.hasNamespace || facts.otherNamespaces === 0) return [];
  return [
    {
      code: 'namespace-unknown',
      found: `no client has used the namespace ${namespace}, and ${facts.otherNamespaces} others are in this database`,
    },
  ];
}

/** Compares three clocks: two that agree against the third show which one is wrong. */
export function checkClocks({ primary, durable }: Facts): Found[] {
  const database = durable.facts?.clockAheadMs ?? null;
  const servers = (primary.facts?.servers ?? []).filter(({ clockAheadMs }) => clockAheadMs !== null);
  const isOff = (ms: number | null): boolean => ms !== null && Math.abs(ms) > CLOCK_DIFFERENCE_MS_MAX;
  const offServers = servers.filter(({ clockAheadMs }) => isOff(clockAheadMs));
  const [first] = offServers;
  if (isOff(database) && first !== undefined && offServers.length === servers.length) {
    const ahead = first.clockAheadMs ?? 0;
    if (!isOff((database ?? 0) - ahead)) {
      return [
        { code: 'clock-own', found: `database and Redis agree, and this machine is ${spellShift(-ahead)} of them` },
      ];
    }
  }
  return [
    ...(isOff(database)
      ? [{ code: 'clock-database', found: `the database is ${spellShift(database ?? 0)} of this machine` } as const]
      : []),
    ...offServers.map(({ name, clockAheadMs }): Found => ({
      code: 'clock-redis',
      found: `${name} is ${spellShift(clockAheadMs ?? 0)} of this machine`,
    })),
  ];
}

function spellShift(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  return `${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}
