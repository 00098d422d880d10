import { FEED_FRESH_MS } from './feed.ts';

/**
 * The time for which a change of the names has to be known before a newly named server counts: every other node's view from before
 * the change has ended by then (`FEED_FRESH_MS`), and timers are exact to less than the rest.
 */
export const MASTERS_GRACE_MS: number = FEED_FRESH_MS + 100;
/**
 * The time for which a node has to dispute the names before a majority of fresh reports is enough: every node that runs has seen the
 * dispute in a poll and reported anew by then. A longer one keeps Redis unused for longer after half of a fleet has crashed with it.
 */
export const MASTERS_DISPUTE_MS = 3_000;
/** A report is fresh for this long: nodes that see a dispute report anew with each poll. */
export const MASTERS_FRESH_MS = 3_000;
/** The age from which a report is made anew in a dispute: with each poll, but not with each of the quick ones. */
export const MASTERS_RENEW_MS = 500;
/** The pause between polls while a server is connected and not named: the other nodes reconnect within half a second. */
export const MASTERS_QUICK_POLL_MS = 200;
/** The time for which polls are that quick. Then something is wrong, and each second is often enough. */
export const MASTERS_QUICK_FOR_MS = 5_000;
/** 32 random bits distinguish one change of a name from the next ones, and from those of a database that lost commits. */
export const MASTERS_NONCE_BYTES = 4;
