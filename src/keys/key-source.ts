import { stat } from 'node:fs/promises';
import { ConfigurationError, KeyRingError } from '../errors.ts';
import {
  KEY_FILE_INTERVAL_MS_DEFAULT,
  INTERVAL_JITTER,
  KEY_INTERVAL_MS_MAX,
  KEY_INTERVAL_MS_MIN,
  KEY_SOURCE_INTERVAL_MS_DEFAULT,
} from '../limits/fleet.ts';
import { requireEnding, requireOptions } from '../option-checks.ts';
import { describe, parseDuration, type Duration } from '../platform/duration.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { KeyRing } from './ring/key-ring.ts';
import { wordOf } from './seal/key-wrapper.ts';
import { resolveOpener, type RingOpener } from './seal/ring-opener.ts';

/** The source of a client's key ring, at its start and whenever there may be a newer one. */
export interface KeySource {
  /** The file that the ring is read from, if it is one: `holdfast doctor` looks at its permissions. */
  readonly file?: string;
  /**
   * Returns the newest ring; never makes up a key.
   * @throws {KeyRingError} there is no ring, or it does not open.
   */
  load(): Promise<KeyRing>;
  /**
   * Calls `changed` when `load` may return a newer ring, until the returned function is called. A source without
   * `watch` is asked again only when an envelope names a key that the ring lacks.
   */
  watch?(changed: () => void, platform: Platform): () => void;
}

export interface KeyRingFileOptions {
  /**
   * The interval at which the file is checked, a fifth more or less at random. From 100 ms to 24 h. @defaultValue '5s'
   */
  readonly every?: Duration;
}

/**
 * Reads a sealed ring from a file, as `KeyRing.save` and `changeKeyRingFile` write it. The file is checked with `stat`,
 * since `fs.watch` follows one inode: an atomic replacement has another one, a Kubernetes secret is a symbolic link to
 * a folder that is exchanged, and network file systems report no changes (https://nodejs.org/api/fs.html#caveats).
 * @throws {ConfigurationError} the path or an option is wrong.
 * @throws {KeyRingError} the opener opens no ring.
 */
export function keyRingFile(path: string, opener: RingOpener, options: KeyRingFileOptions = {}): KeySource {
  const { every } = requireOptions('keyRingFile options', options, ['every']);
  const everyMs = intervalOf(every, KEY_FILE_INTERVAL_MS_DEFAULT);
  const given: unknown = path;
  if (typeof given !== 'string')
    throw new ConfigurationError(`keyRingFile: expected a path, but got ${describe(given)}.`);
  resolveOpener(opener);
  let loaded: string | undefined;
  return {
    file: path,
    async load() {
      // Checked before it is read, so that a write in between counts as a change.
      const look = await lookAt(path);
      const ring = await KeyRing.open(path, opener);
      loaded = look;
      return ring;
    },
    watch(changed, platform) {
      let reported = loaded;
      let reportedAt = platform.monotonic();
      const hasChanged = async (): Promise<boolean> => {
        const look = await lookAt(path);
        // A load that failed is repeated, though less often: the key service may have been unavailable.
        const isDue = look !== loaded && platform.monotonic() - reportedAt >= KEY_SOURCE_INTERVAL_MS_DEFAULT;
        if (look === reported && !isDue) return false;
        reported = look;
        reportedAt = platform.monotonic();
        return true;
      };
      return repeat(everyMs, platform, hasChanged, changed);
    },
  };
}

export interface KeySourceOptions {
  /**
   * The interval at which the ring is loaded again, a fifth more or less at random. From 100 ms to 24 h.
   * @defaultValue '60s'
   */
  readonly every?: Duration;
  /** Calls `changed` when there is a newer ring, until the returned function is called. Called once per client. */
  readonly subscribe?: (changed: () => void) => () => void;
}

/**
 * Loads a ring from anywhere: `load` asks a secret manager, for example, and opens its answer with `KeyRing.unseal`. It
 * bounds its own time. Of an error other than a `KeyRingError`, only one word is passed on.
 * @throws {ConfigurationError} `load` or an option is wrong.
 */
export function keySource(load: () => KeyRing | Promise<KeyRing>, options: KeySourceOptions = {}): KeySource {
  const { every, subscribe } = requireOptions('keySource options', options, ['every', 'subscribe']);
  const everyMs = intervalOf(every, KEY_SOURCE_INTERVAL_MS_DEFAULT);
  return {
    load: () => loadFrom(load),
    watch(changed, platform) {
      let isWatching = true;
      const notify = (): void => {
        if (isWatching) changed();
      };
      const unsubscribe = subscribe && requireEnding('subscribe', subscribe(notify));
      const stopRepeating = repeat(everyMs, platform, async () => true, changed);
      return () => {
        isWatching = false;
        stopRepeating();
        unsubscribe?.();
      };
    },
  };
}

function intervalOf(every: Duration | undefined, defaultMs: number): number {
  return parseDuration('every', every ?? defaultMs, KEY_INTERVAL_MS_MIN, KEY_INTERVAL_MS_MAX);
}

async function loadFrom(load: () => KeyRing | Promise<KeyRing>): Promise<KeyRing> {
  let ring: unknown;
  try {
    ring = await load();
  } catch (error) {
    if (error instanceof KeyRingError) throw error;
    throw new KeyRingError(`The key source could not load the key ring (${wordOf(error)}).`);
  }
  if (ring instanceof KeyRing) return ring;
  throw new KeyRingError('The key source must answer with a key ring.');
}

/**
 * Returns the version of the file, undefined if there is none. After an atomic replacement at least the inode differs.
 */
async function lookAt(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}

/** Calls `hasChanged`, which does not throw, repeatedly until the returned function is called. */
function repeat(
  everyMs: number,
  platform: Platform,
  hasChanged: () => Promise<boolean>,
  changed: () => void,
): () => void {
  let isStopped = false;
  let cancel: CancelTimer = () => undefined;
  const schedule = (): void => {
    const delayMs = everyMs * (1 + INTERVAL_JITTER * (2 * platform.random() - 1));
    cancel = platform.after(delayMs, () => void ask(), 'background');
  };
  const ask = async (): Promise<void> => {
    const isNews = await hasChanged();
    if (isStopped) return;
    schedule();
    if (isNews) changed();
  };
  schedule();
  return () => {
    isStopped = true;
    cancel();
  };
}
