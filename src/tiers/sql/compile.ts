import type { Database } from './dialects/dialect.ts';
import type { Build, SqlValue } from './statement.ts';
import type { Fragment, Part, Reader, Repetition, Value } from './tag.ts';

/** Writes the text of a fragment once. What is left to do for a call is to read its values. */
export function compile<Command>(fragment: Fragment<Command>, database: Database): Build<Command> {
  const compiler = new Compiler<Command>(database);
  compiler.write(fragment);
  return compiler.build();
}

/** Text that grows with the number of items. */
interface Growing<Command> {
  readonly items: Reader<Command, readonly unknown[]>;
  readonly text: string;
  readonly readers: readonly Reader<unknown, SqlValue>[];
  readonly separator: string;
}

class Compiler<Command> {
  readonly #database: Database;
  readonly #texts: (Growing<Command> | string)[] = [];
  readonly #readers: (Growing<Command> | Reader<Command, SqlValue>)[] = [];
  readonly #placeholders = new Map<unknown, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** `margin` is the indentation of the line on which the part stands. */
  write(part: Part<Command>, margin = ''): void {
    const { dialect, tables } = this.#database;
    switch (part.kind) {
      case 'choice':
        return this.write(part.of[dialect.name], margin);
      case 'fragment':
        return this.#writeFragment(part, margin);
      case 'repetition':
        return this.#writeRepetition(part);
      case 'table':
        return this.#append(dialect.quote(tables[part.name]));
      case 'value':
        return this.#append(this.#placeholder(part));
      default:
        return part satisfies never;
    }
  }

  build(): Build<Command> {
    const { text, readers } = this.#constant() ?? {};
    if (text === undefined || readers === undefined) return this.#buildGrowing();
    return (namespace, command) => ({ text, values: readers.map((read) => read(command, namespace)) });
  }

  #constant(): { readonly text: string; readonly readers: readonly Reader<Command, SqlValue>[] } | undefined {
    const texts = this.#texts.filter((text) => typeof text === 'string');
    const readers = this.#readers.filter((reader) => typeof reader === 'function');
    return texts.length === this.#texts.length ? { text: texts.join(''), readers } : undefined;
  }

  #buildGrowing(): Build<Command> {
    const texts = this.#texts;
    const readers = this.#readers;
    const growing = texts.filter((text) => typeof text !== 'string');
    return (namespace, command) => {
      const items = new Map(growing.map((one) => [one, one.items(command, namespace)]));
      return {
        text: texts.map((text) => (typeof text === 'string' ? text : grown(text, items.get(text)))).join(''),
        values: readers.flatMap((reader) =>
          typeof reader === 'function' ? [reader(command, namespace)] : valuesOf(reader, items.get(reader), namespace),
        ),
      };
    };
  }

  #writeFragment({ texts, parts }: Fragment<Command>, margin: string): void {
    let indent = margin;
    for (const [n, text] of texts.entries()) {
      const lines = text.replaceAll('\n', `\n${margin}`);
      this.#append(lines);
      indent = /\n( *)[^\n]*$/.exec(lines)?.[1] ?? indent;
      const part = parts[n];
      if (part) this.write(part, indent);
    }
  }

  #writeRepetition({ items, fragment, separator }: Repetition<Command>): void {
    const inner = new Compiler<never>(this.#database);
    inner.write(fragment);
    const constant = inner.#constant();
    if (!constant) throw new TypeError('A repetition in a repetition.');
    const readers = constant.readers as readonly Reader<unknown, SqlValue>[];
    const growing = { items, text: constant.text, readers, separator };
    this.#texts.push(growing);
    this.#readers.push(growing);
  }

  /** One parameter for each place, or for each value where they can be shared. */
  #placeholder(value: Value<Command>): string {
    const { dialect } = this.#database;
    const known = dialect.sharesParameters ? this.#placeholders.get(value) : undefined;
    if (known !== undefined) return known;
    this.#readers.push(parameterOf(value));
    const placeholder = dialect.placeholder(this.#readers.length, value.type);
    this.#placeholders.set(value, placeholder);
    return placeholder;
  }

  #append(text: string): void {
    this.#texts.push(text);
  }
}

/** How drivers take it: integers as `bigint`, which is a column of 64 bits everywhere. */
function parameterOf<Command>(value: Value<Command>): Reader<Command, SqlValue> {
  switch (value.type) {
    case 'flag':
      return (command, namespace) => (value.read(command, namespace) ? 1n : 0n);
    case 'integer':
      return (command, namespace) => BigInt(value.read(command, namespace));
    default:
      return value.read;
  }
}

function grown({ text, separator }: Growing<never>, items: readonly unknown[] = []): string {
  return Array.from(items, () => text).join(separator);
}

function valuesOf({ readers }: Growing<never>, items: readonly unknown[] = [], namespace: string): SqlValue[] {
  return items.flatMap((one) => readers.map((read) => read(one, namespace)));
}
