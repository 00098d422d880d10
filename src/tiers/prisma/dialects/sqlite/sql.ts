/**
 * Julian days count in SQLite what milliseconds do elsewhere; the 1st of January 1970 began at 2440587.5. `unixepoch`
 * tells no milliseconds before SQLite 3.42. Read once in a statement, after it got the lock of the writer.
 */
export const CLOCK = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";
/** For a SET list; one without it leaves the index of the marks alone. `max` of anything and null is null. */
export const MARK: string = `dirty_at = max(COALESCE(dirty_at, 0), ${CLOCK})`;

export function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
