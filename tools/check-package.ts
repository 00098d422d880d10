import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * Packs the built library, and fails if the tarball is larger than SIZE_MAX or its files are not those of the list. With
 * --write it writes the list instead, for review.
 */
/** The bytes that a tarball may have. A service that starts often, as serverless ones do, loads all of it each time. */
const SIZE_MAX = 251_000;
const LIST = fileURLToPath(new URL('../docs/internals/api/package-files.txt', import.meta.url));

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Returns what is wrong with a tarball, one line each. */
export function findFaults({ size, files }: Packed, list: readonly string[]): string[] {
  const paths = files.map(({ path }) => path);
  return [
    ...(size > SIZE_MAX ? [`the package has ${size} bytes, and may have ${SIZE_MAX}`] : []),
    ...paths.filter((path) => !list.includes(path)).map((path) => `${path} is packed and not listed`),
    ...list.filter((path) => !paths.includes(path)).map((path) => `${path} is listed and not packed`),
  ];
}

function pack(): Packed {
  const { stdout, stderr, status } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  if (status !== 0) throw new Error(stderr);
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  if (packed === undefined) throw new Error('npm packed nothing.');
  return packed;
}

function main(writes: boolean): void {
  const packed = pack();
  const paths = packed.files.map(({ path }) => path).toSorted();
  if (writes) writeFileSync(LIST, `${paths.join('\n')}\n`);
  const faults = findFaults(packed, readFileSync(LIST, 'utf8').trim().split('\n'));
  for (const fault of faults) console.error(fault);
  console.log(`${paths.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
  if (faults.length > 0) process.exitCode = 1;
}

if (import.meta.main) main(process.argv.includes('--write'));
