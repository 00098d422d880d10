/** The primary tier gave no answer: it was not asked, or failed, or was late. It says nothing about the session. */
export const UNREACHED: unique symbol = Symbol('unreached');
export type Unreached = typeof UNREACHED;
