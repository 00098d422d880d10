import type { HoldfastError } from '../../errors.ts';

/** What the shell is told. */
export const EXIT = {
  done: 0,
  /** Something is broken: a file, a passphrase, a server. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** It would do harm, or not yet: the state of ring, fleet or sessions speaks against it. Nothing was changed. */
  refused: 3,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that a command foresees. The message is for a person, and shows nothing secret. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** For scripts: a `HoldfastErrorCode`, or one of the words `USAGE`, `FAILED`, `REFUSED`, `INTERRUPTED`. */
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
    this.code = code;
  }
}

export function usageError(message: string): CliError {
  return new CliError(EXIT.usage, 'USAGE', message);
}

export function failure(message: string): CliError {
  return new CliError(EXIT.failed, 'FAILED', message);
}

export function refusal(message: string): CliError {
  return new CliError(EXIT.refused, 'REFUSED', message);
}

export function interruption(): CliError {
  return new CliError(EXIT.interrupted, 'INTERRUPTED', 'Interrupted.');
}

/** What a helper says against the change of a ring is a refusal; the same error from a file or a passphrase is a failure. */
export async function refusing<T>(change: () => Promise<T> | T): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (isOurs(error) && error.code === 'HOLDFAST_KEY_RING') {
      throw new CliError(EXIT.refused, error.code, error.message);
    }
    throw error;
  }
}

/** Any error as an end. Only our own messages are shown: others may quote a connection string or a key. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (isOurs(error)) return new CliError(EXIT.failed, error.code, error.message);
  return failure(`An unexpected error happened (${error instanceof Error ? error.name : typeof error}).`);
}

/** By its code: the application, whose client throws it, may have a copy of the package of its own. */
function isOurs(error: unknown): error is HoldfastError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('HOLDFAST_');
}
