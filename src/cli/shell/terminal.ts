import { styleText } from 'node:util';
import { TERMINAL_COLUMNS_DEFAULT } from '../../limits/cli.ts';
import { failure, interruption } from './exit.ts';

export type Tone = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** The input and output of a command: results on stdout, everything for a person on stderr. */
export class Terminal {
  readonly #stdin: NodeJS.ReadStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #hasProgress = false;

  constructor({ stdin, stdout, stderr }: Pick<NodeJS.Process, 'stderr' | 'stdin' | 'stdout'>) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** True if there is a person to ask. */
  get isInteractive(): boolean {
    return this.#stdin.isTTY && this.#stderr.isTTY;
  }

  get isInputPiped(): boolean {
    return !this.#stdin.isTTY;
  }

  get showsProgress(): boolean {
    return this.#stderr.isTTY;
  }

  /** The columns of stdout; undefined if it is not a terminal. */
  get columns(): number | undefined {
    return this.#stdout.isTTY ? this.#stdout.columns || TERMINAL_COLUMNS_DEFAULT : undefined;
  }

  /** Colours the text if stdout is a terminal that allows it. */
  style(tone: Tone, text: string): string {
    return paint(this.#stdout, tone, text);
  }

  print(line: string): void {
    // Both streams may end on one screen.
    this.clearProgress();
    this.#stdout.write(`${line}\n`);
  }

  /** Prints a line for a person. */
  say(line: string): void {
    this.clearProgress();
    this.#stderr.write(`${line}\n`);
  }

  sayError(message: string): void {
    this.say(`${paint(this.#stderr, 'red', 'error:')} ${message}`);
  }

  /** Replaces the line that it printed before. `draw` gets the number of columns. */
  showProgress(draw: (columns: number) => string): void {
    if (!this.showsProgress) return;
    this.#stderr.write(`\r\u001b[2K${draw((this.#stderr.columns || TERMINAL_COLUMNS_DEFAULT) - 1)}`);
    this.#hasProgress = true;
  }

  clearProgress(): void {
    if (this.#hasProgress) this.#stderr.write('\r\u001b[2K');
    this.#hasProgress = false;
  }

  /** Reads all of stdin. Throws if it is longer than `bytesMax`. */
  async readInput(bytesMax: number): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.#stdin) {
      const bytes = Buffer.from(chunk as Buffer | string);
      chunks.push(bytes);
      length += bytes.length;
      if (length > bytesMax) throw failure(`The piped input is longer than ${bytesMax} bytes.`);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /**
   * Asks a person for one line, which is not shown while it is typed if `hidden`. Ctrl+C rejects with an interruption.
   */
  ask(question: string, { hidden }: { readonly hidden: boolean }): Promise<string> {
    const stdin = this.#stdin;
    this.clearProgress();
    // Set before the question is seen, so that no answer is echoed.
    stdin.setRawMode(true);
    this.#stderr.write(question);
    stdin.setEncoding('utf8');
    stdin.resume();
    return new Promise((resolve, reject) => {
      const line: string[] = [];
      const end = (settle: () => void): void => {
        stdin.off('data', onData).pause().setRawMode(false);
        this.#stderr.write('\n');
        settle();
      };
      const onData = (typed: string): void => {
        for (const character of typed) {
          if (character === '\r' || character === '\n') return end(() => resolve(line.join('')));
          if (character === END_OF_TEXT || character === END_OF_INPUT) return end(() => reject(interruption()));
          if (BACKSPACES.includes(character)) {
            if (line.pop() !== undefined && !hidden) this.#stderr.write('\b \b');
          } else if (character >= ' ') {
            line.push(character);
            if (!hidden) this.#stderr.write(character);
          }
        }
        return undefined;
      };
      stdin.on('data', onData);
    });
  }

  /** Resolves once all output has left the process, as far as it goes into pipes. */
  async flush(): Promise<void> {
    this.clearProgress();
    for (const stream of [this.#stdout, this.#stderr]) {
      await new Promise<void>((resolve) => stream.write('', () => resolve()));
    }
  }
}

/** The characters of Ctrl+C and Ctrl+D in raw mode. */
const END_OF_TEXT = '\u0003';
const END_OF_INPUT = '\u0004';
const BACKSPACES: readonly string[] = ['\b', '\u007f'];

/** Colours by `hasColors`, which respects NO_COLOR. `styleText` respects it only since Node 22.13. */
function paint(stream: NodeJS.WriteStream, tone: Tone, text: string): string {
  return stream.isTTY && stream.hasColors() ? styleText(tone, text, { validateStream: false }) : text;
}
