/**
 * Milliseconds on a clock that all processes of this machine share and nobody sets: `performance.timeOrigin` is rounded and taken
 * from the wall clock, and "acknowledged before it was asked" is decided by fractions of a millisecond.
 */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
