import { describe, expect, it } from 'vitest';
import type { ImportSource } from '../../../src/cli/import/import-source.ts';
import { SessionsImport } from '../../../src/cli/import/import-sessions.ts';
import { memoryClient } from '../../support/memory-client.ts';

const SIDS = Array.from({ length: 60 }, (_, n) => `sid-${n}`);

/** Runs an import of sessions of which some are odd: `load` throws for them. */
async function importing(load: (n: number) => object, toSession?: ImportSource['toSession']) {
  const { sessions, platform } = await memoryClient();
  const source: ImportSource = {
    list: async () => ({ total: SIDS.length, sids: SIDS }),
    load: async (sid) => load(SIDS.indexOf(sid)),
    destroy: async () => undefined,
    toSession,
    userIdOf: undefined,
  };
  const work = new SessionsImport(sessions, source, {
    platform,
    concurrency: 4,
    dryRun: false,
    move: false,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  return { work, sessions };
}

const entry = (n: number) => ({ cookie: {}, n });

describe('an import from the command line', () => {
  it('goes on behind an entry that cannot be read, and counts it', async () => {
    const { work } = await importing((n) => {
      if (n % 3 === 0) throw new SyntaxError('Unexpected token in JSON');
      return entry(n);
    });
    await work.run();
    expect(work.progress).toMatchObject({ scanned: 60, imported: 40, failed: 20 });
    expect(work.progress.failures).toEqual({ HOLDFAST_IMPORT_UNAVAILABLE: 20 });
  });

  it('goes on behind a session that toSession does not understand', async () => {
    const { work } = await importing(entry, async (old) => {
      if (old['n'] === 7) throw new TypeError('no cart');
      return { data: { n: old['n'] } };
    });
    await work.run();
    expect(work.progress).toMatchObject({ imported: 59, failed: 1, failures: { unexpected: 1 } });
  });

  it('ends at once when the old store is away, and soon when every session fails', async () => {
    const away = await importing(() => {
      throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    });
    await expect(away.work.run()).rejects.toMatchObject({ code: 'HOLDFAST_IMPORT_UNAVAILABLE' });
    expect(away.work.progress.failed).toBe(0);
    const wrong = await importing(entry, async () => ({ data: {}, user: 'ada' }) as never);
    await expect(wrong.work.run()).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    expect(wrong.work.progress).toMatchObject({ imported: 0, failed: 20 });
  });
});
