import type { Platform } from '../../platform/platform.ts';
import type { Arguments, Syntax } from '../shell/arguments.ts';
import type { ExitCode } from '../shell/exit.ts';
import type { Terminal } from '../shell/terminal.ts';

/** One command: a row of the table from which the parser, the help and the reference are made. */
export interface Command extends Syntax {
  readonly summary: string;
  /** What help says besides. */
  readonly details: readonly string[];
  run(context: Context): Promise<Outcome>;
}

export interface Context {
  readonly args: Arguments;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT, with the reason that a command then ends with. */
  readonly signal: AbortSignal;
  readonly platform: Platform;
}

/** How a command ended: said once in each language. */
export interface Outcome {
  readonly document: object;
  readonly text: string;
  /** @defaultValue EXIT.done */
  readonly exitCode?: ExitCode;
}
