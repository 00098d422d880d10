import type { Platform } from '../../platform/platform.ts';
import type { Settings } from '../config/settings.ts';
import type { Arguments, Syntax } from '../shell/arguments.ts';
import type { ExitCode } from '../shell/exit.ts';
import type { Terminal } from '../shell/terminal.ts';

/** A command: a row of the table from which the parser, the help and the reference are made. */
export interface Command extends Syntax {
  readonly summary: string;
  /** The further lines of the help. */
  readonly details: readonly string[];
  run(context: Context): Promise<Outcome>;
}

export interface Context {
  readonly args: Arguments;
  /** The options, the environment and the configuration file, in this order. Empty for a command that takes none of them. */
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on SIGINT, with the error that the command ends with. */
  readonly signal: AbortSignal;
  readonly platform: Platform;
}

/** The outcome of a command, as JSON and as text. */
export interface Outcome {
  readonly document: object;
  readonly text: string;
  /** @defaultValue EXIT.done */
  readonly exitCode?: ExitCode;
}
