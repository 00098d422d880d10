const DAY_MS = 24 * 60 * 60_000;

/** Spells the time until then in whole days. */
export function daysLeft(until: number, now: number): string {
  const days = Math.floor((until - now) / DAY_MS);
  return days === 1 ? '1 day' : `${days} days`;
}
