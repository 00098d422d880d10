import type { HoldfastError } from '../../errors.ts';

/** The exit codes. */
export const EXIT = {
  done: 0,
  /** A file, a passphrase or a server failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The state of ring, fleet or sessions forbids it, perhaps only now. Nothing was changed. */
  refused: 3,
  /** 128 + SIGINT, as shells do. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that a command foresees. The message is for a person, and holds nothing secret. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** The code for scripts: a `HoldfastErrorCode`, or `USAGE`, `FAILED`, `REFUSED`, `INTERRUPTED`. */
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

/** Turns an error of a change of the ring into a refusal; the same error from a file or a passphrase is a failure. */
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

/**
 * Turns any error into a `CliError`. It shows only the library's own messages: others may quote a connection string or
 * a key.
 */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (isOurs(error)) return new CliError(EXIT.failed, error.code, error.message);
  return failure(`An unexpected error happened (${error instanceof Error ? error.name : typeof error}).`);
}

/** Recognises an error by its code: the application may have another copy of the package. */
function isOurs(error: unknown): error is HoldfastError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('HOLDFAST_');
}
