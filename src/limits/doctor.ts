/** A certificate that ends sooner is reported: two weeks leave time for somebody who is away. */
export const CERTIFICATE_LEFT_MS_MIN: number = 14 * 24 * 60 * 60_000;
/** A key that has sealed for longer is reported, unless `--max-age` says otherwise. */
export const KEY_AGE_MS_REPORTED: number = 90 * 24 * 60 * 60_000;
/** A rotation takes minutes. A key that waits for its second half for longer was forgotten. */
export const PENDING_MS_MAX: number = 24 * 60 * 60_000;
/** Clocks that NTP keeps differ by less; the library allows for 5 s. */
export const CLOCK_DIFFERENCE_MS_MAX = 2_000;
/** A mark of the dirty feed is cleared within minutes. An older one means that no process clears it. */
export const MARK_AGE_MS_MAX: number = 60 * 60_000;
/** The rows that the doctor looks at for keys: seconds of work. `keys census` counts all. */
export const DOCTOR_ROWS_MAX = 20_000;
/** A server that does not show its certificate within this time is left. */
export const CERTIFICATE_TIMEOUT_MS = 5_000;
