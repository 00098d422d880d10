import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/*
 * A reader of envelopes and key rings in Python, which was written from the two pages of the formats and shares no code and
 * no cryptography with the library: it uses the package "cryptography", and so another copy of OpenSSL.
 */
const run = promisify(execFile);
const vectors = fileURLToPath(new URL('../../vectors', import.meta.url));
const reader = fileURLToPath(new URL('../../interop/read_vectors.py', import.meta.url));
const canRead = spawnSync('python3', ['-c', 'import cryptography']).status === 0;
const python = (folder: string) => run('python3', ['-B', reader, folder]);

describe.skipIf(!canRead)('a second reader of the formats (it needs python3 with its package "cryptography")', () => {
  it('opens and refuses every vector as the library does', async () => {
    const { stdout } = await python(vectors);
    const [, read, otherwise] = /^(\d+) vectors read, (\d+) otherwise/.exec(stdout) ?? [];
    expect(Number(read)).toBeGreaterThanOrEqual(190);
    expect(otherwise).toBe('0');
  });

  it('notices a vector that is not what it says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-vectors-'));
    await cp(vectors, folder, { recursive: true });
    const file = join(folder, 'envelope-v1.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"reason": "revoked-key"', '"reason": "unknown-key"'));
    await expect(python(folder)).rejects.toThrow('expected unknown-key, found revoked-key');
    await rm(folder, { recursive: true });
  });
});
