import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Operation, Outcome } from '../simulation/history.ts';

type Line =
  | { readonly begun: Omit<Operation, 'outcome' | 'returnedAt'> }
  | { readonly index: number; readonly returnedAt: number; readonly outcome: Outcome };

/** The calls of a node and their answers, written to disk at once: it outlives a node that is killed. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  begun({ outcome: _, returnedAt: __, ...begun }: Operation): void {
    this.#write({ begun });
  }

  ended({ index, returnedAt, outcome }: Operation): void {
    this.#write({ index, returnedAt, outcome });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** Calls that were not answered are pending. The last line may have been cut short. */
export function readJournal(path: string): Operation[] {
  const operations = new Map<number, Operation>();
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  for (const line of lines.map((text) => JSON.parse(text) as Line)) {
    if ('begun' in line) {
      operations.set(line.begun.index, { ...line.begun, returnedAt: Infinity, outcome: { kind: 'pending' } });
    } else {
      const operation = operations.get(line.index);
      if (operation === undefined) throw new Error(`${path} has an answer to a call that never began`);
      operation.returnedAt = line.returnedAt;
      operation.outcome = line.outcome;
    }
  }
  return [...operations.values()];
}
