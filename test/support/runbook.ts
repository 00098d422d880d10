import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, type Ended } from './cli.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The shell blocks of a page, by the heading under which they stand. */
export function readShellBlocks(page: URL): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  for (const section of readFileSync(page, 'utf8')
    .split(/^#{2,3} /m)
    .slice(1)) {
    const heading = section.slice(0, section.indexOf('\n'));
    const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
    if (blocks.length > 0) sections.set(heading, blocks);
  }
  return sections;
}

/** Runs blocks one after another as a person would in one shell: what one exports, the next ones see. */
export class RunbookShell {
  readonly #cwd: string;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** What the block wrote to stdout. Rejects if a command of it fails. */
  async run(block: string): Promise<string> {
    const script = `
      set -eu
      [ -f .exported ] && . ./.exported
      PATH="$NODE_FOLDER:$PATH"
      npx() { [ "$1" = holdfast ] && shift && node "$CLI" "$@"; }
      ${block}
      export -p > .exported`;
    const env = { CLI, NODE_FOLDER: dirname(process.execPath) };
    const { code, stdout, stderr }: Ended = await run('sh', ['-c', script], { cwd: this.#cwd, env });
    if (code !== 0) throw new Error(`exit status ${code} of\n${block}\n${stderr}`);
    return stdout;
  }
}
