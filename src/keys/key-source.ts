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

/** Where a client gets its key ring from, at its start and whenever there may be a newer one. */
export interface KeySource {
  /** The newest ring. Throws `KeyRingError`; never makes up a key. */
  load(): Promise<KeyRing>;
  /**
   * Calls `changed` when `load` may have a newer ring, until the function that it returns is called. A source without it is
   * asked again only when an envelope names a key that the ring lacks.
   */
  watch?(changed: () => void, platform: Platform): () => void;
}

export interface KeyRingFileOptions {
  /** How often the file is looked at; a fifth more or less at random. From 100 ms to 24 h. @defaultValue '5s' */
  readonly every?: Duration;
}

/**
 * A sealed ring in a file, as `KeyRing.save` and `changeKeyRingFile` write it. It is looked at with `stat`, because watching a file is watching one inode: an
 * atomic replacement is another one, a Kubernetes secret is a symbolic link to a folder that is exchanged, and network file
 * systems tell nothing (https://nodejs.org/api/fs.html#caveats). Throws `ConfigurationError`, and `KeyRingError` for an opener that opens no ring.
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
    async load() {
      // Before it is read: what is written afterwards is then a change.
      const look = await lookAt(path);
      const ring = await KeyRing.open(path, opener);
      loaded = look;
      return ring;
    },
    watch(changed, platform) {
      let told = loaded;
      let toldAt = platform.monotonic();
      const hasChanged = async (): Promise<boolean> => {
        const look = await lookAt(path);
        // What could not be loaded is tried again, though not as often: its key service may have been away.
        const isDue = look !== loaded && platform.monotonic() - toldAt >= KEY_SOURCE_INTERVAL_MS_DEFAULT;
        if (look === told && !isDue) return false;
        told = look;
        toldAt = platform.monotonic();
        return true;
      };
      return repeat(everyMs, platform, hasChanged, changed);
    },
  };
}

export interface KeySourceOptions {
  /** How often to load again; a fifth more or less at random. From 100 ms to 24 h. @defaultValue '60s' */
  readonly every?: Duration;
  /** Called once for each client: tells it that there is a newer ring, until the function that it returns is called. */
  readonly subscribe?: (changed: () => void) => () => void;
}

/**
 * A ring from anywhere: `load` asks a secret manager, say, and opens what it gets with `KeyRing.unseal`. What it throws, other
 * than a `KeyRingError`, is told by one word and not passed on. It bounds its own time. Throws `ConfigurationError`.
 */
export function keySource(load: () => KeyRing | Promise<KeyRing>, options: KeySourceOptions = {}): KeySource {
  const { every, subscribe } = requireOptions('keySource options', options, ['every', 'subscribe']);
  const everyMs = intervalOf(every, KEY_SOURCE_INTERVAL_MS_DEFAULT);
  return {
    load: () => loadFrom(load),
    watch(changed, platform) {
      let isWatching = true;
      const tell = (): void => {
        if (isWatching) changed();
      };
      const unsubscribe = subscribe && requireEnding('subscribe', subscribe(tell));
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

/** Which version of the file it is: after an atomic replacement at least the inode differs. Undefined if there is none. */
async function lookAt(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}

/** Asks `hasChanged`, which does not throw, again and again until the function that it returns is called. */
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
