import { join } from 'node:path';
import { root, run } from './packed.ts';

/** A page of the documentation as a script: what a reader would save is saved, and what a reader would type is run. */

export interface Block {
  readonly language: string;
  readonly code: string;
}

/** The code of a page, in turn. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)[^\n]*\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
}

/** A line that needs the registry, or makes the folder that the test has made. */
const GIVEN = /^(?:npm (?:install|init)|mkdir shop)\b/;

/**
 * One shell script of everything: what is to be saved is saved, and commands run in turn. With a tarball, it is installed in place of
 * the published package, and the other packages from the registry; without one they are there already.
 */
export function scriptOf(blocks: readonly Block[], tarball?: string): string {
  const typed = (line: string): string => {
    if (tarball !== undefined) return line.replace(/^npm install holdfast\b/, `npm install ${tarball}`);
    return GIVEN.test(line) ? '' : line;
  };
  const parts = blocks.map(({ language, code }) => {
    if (language === 'sh') return code.replaceAll(/^.*\n/gm, (line) => typed(line) + pauseAfter(line));
    const name = /^\/\/ (\S+\.[jt]s)\n/.exec(code)?.[1];
    return name === undefined ? '' : `cat > ${name} <<'END_OF_FILE'\n${code}END_OF_FILE\n`;
  });
  return ['set -euo pipefail', ...parts].join('\n');
}

/** A person types the next line when the server is there; one that has ended ends the script, which shows why. */
export const pauseAfter = (line: string): string =>
  line.endsWith(' &\n') ? 'until (echo > /dev/tcp/localhost/3000) 2>/dev/null; do kill -0 $!; sleep 0.05; done\n' : '';

/** Runs it in the folder, with the programs of its packages, and kills what it started and did not end. */
export function runScript(
  folder: string,
  script: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; stderr: string }> {
  const env = {
    PATH: `${join(folder, 'node_modules/.bin')}:${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
    HOME: folder,
    // Generating needs no schema engine, but the command would download one.
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    ...environment,
  };
  // What is still running when something fails.
  return run('bash', ['-c', `trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${script}`], {
    cwd: folder,
    env,
    timeout: 540_000,
  });
}
