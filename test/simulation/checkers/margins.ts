/** A destroy surely still finds a session by an id that was regenerated this long before (`PREVIOUS_KEY_LOOKUP_MS` less the skew). */
export const REGENERATED_LOOKUP_SAFE_MS = 20_000;
/** How far two clocks of the fleet may be apart. */
export const SKEW_BETWEEN_MS = 5_000;
/** A touch is due after this long at the latest, and may be late by the rest. */
export const TOUCH_LATENESS_MS = 31_000;
