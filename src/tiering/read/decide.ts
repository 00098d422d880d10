/** Names what the primary tier has for a key, if that is no copy that opens. */
export type Lack = 'absent' | 'hold' | 'lease' | 'tombstone' | 'unreached' | 'unreadable';

/**
 * The worth of a copy that opens:
 * - `ended`: its absolute deadline, which is authenticated, has passed;
 * - `doubted`: only the durable tier can say. The read is strong, the idle deadline has passed, or the stamp is not trusted;
 * - `due`: the durable tier has not confirmed it for `revalidateAfter`;
 * - `current`: it is believed if the dirty feed is fresh.
 */
export type Worth = 'current' | 'doubted' | 'due' | 'ended';

/** The dirty feed is `fresh` if it was read within `FEED_FRESH_MS`. */
export type Feed = 'fresh' | 'late';

/** The read has `begun`, or has `waited` for the feed already. */
export type Unconfirmed = 'begun' | 'waited';

/**
 * The durable tier was asked, and did not answer:
 * - `failed`: one statement was lost;
 * - `failed-down`: the tier is down;
 * - `failed-long`: nothing is known of other nodes' writes for longer than `durableOutageReads`.
 */
export type Failed = 'failed' | 'failed-down' | 'failed-long';

/**
 * The next step of a read:
 * - `gone`: answers that there is no such session;
 * - `serve`: answers with the copy;
 * - `wait`: waits for the feed, and reads the primary tier again;
 * - `confirm`: asks the durable tier whether the copy is the truth;
 * - `fill`: reads the durable tier, and stores a copy;
 * - `bypass`: reads the durable tier, and stores nothing;
 * - `alone`: answers with the copy, which the durable tier cannot confirm;
 * - `fail`: throws what the durable tier failed with.
 */
export type Step = 'alone' | 'bypass' | 'confirm' | 'fail' | 'fill' | 'gone' | 'serve' | 'wait';

/** Decides what a read does about what the primary tier returned. */
export function decide(found: Lack): 'bypass' | 'fill' | 'gone';
export function decide(found: Worth, feed: Feed, progress: Unconfirmed): 'confirm' | 'gone' | 'serve' | 'wait';
export function decide(found: Worth, feed: Feed, progress: Failed): 'alone' | 'fail' | 'gone';
export function decide(found: Lack | Worth, feed: Feed = 'late', progress: Failed | Unconfirmed = 'begun'): Step {
  switch (found) {
    case 'tombstone':
    case 'ended':
      return 'gone';
    case 'absent':
    case 'unreadable':
      return 'fill';
    case 'hold':
    case 'lease':
    case 'unreached':
      return 'bypass';
    case 'doubted':
      return hasFailed(progress) ? 'fail' : 'confirm';
    case 'due':
      return hasFailed(progress) ? withoutDurable(feed, progress) : 'confirm';
    case 'current':
      if (hasFailed(progress)) return withoutDurable(feed, progress);
      if (feed === 'fresh') return 'serve';
      return progress === 'begun' ? 'wait' : 'confirm';
    default:
      return found satisfies never;
  }
}

function hasFailed(progress: Failed | Unconfirmed): progress is Failed {
  return progress !== 'begun' && progress !== 'waited';
}

/**
 * Serves a copy for a while if the durable tier is away. One lost statement does not show that: while the feed is fresh, the tier has
 * answered another within `FEED_FRESH_MS`, and the caller may ask again. A late feed shows it, since it is read from the tier each second.
 */
function withoutDurable(feed: Feed, failed: Failed): 'alone' | 'fail' {
  switch (failed) {
    case 'failed':
      return feed === 'late' ? 'alone' : 'fail';
    case 'failed-down':
      return 'alone';
    case 'failed-long':
      return 'fail';
    default:
      return failed satisfies never;
  }
}
