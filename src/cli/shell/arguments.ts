import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { ConfigurationError } from '../../errors.ts';
import { parseDuration, type Duration } from '../../platform/duration.ts';
import { usageError } from './exit.ts';
import { commonOptionsOf, OPTIONS, type OptionName, type OptionSpec } from './options.ts';

/** The syntax after the name of a command. */
export interface Syntax {
  /** The name as it is typed: "keys add". */
  readonly name: string;
  readonly options: readonly OptionName[];
  /** The words of which one has to follow. */
  readonly choices?: readonly string[];
}

/** The arguments of one command, checked against its row of the table. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #positional: string | undefined;

  constructor(values: Readonly<Record<string, unknown>>, positional: string | undefined) {
    this.#values = values;
    this.#positional = positional;
  }

  /** Returns the one word that is not an option; the parser has checked it. */
  get positional(): string {
    return this.#positional ?? '';
  }

  flag(name: OptionName): boolean {
    return this.#values[name] === true;
  }

  text(name: OptionName): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  list(name: OptionName): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as string[]) : [];
  }

  required(name: OptionName): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw usageError(`--${name} is missing.`);
    return value;
  }

  integer(name: OptionName, min = 1, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw usageError(
      `--${name} must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}.`,
    );
  }

  duration(name: OptionName, maxMs: number, minMs = 0): Duration | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      parseDuration(`--${name}`, value, minMs, maxMs);
      return value as Duration;
    } catch (error) {
      throw usageError(error instanceof ConfigurationError ? error.message : `--${name} is no duration.`);
    }
  }

  oneOf<T extends string>(name: OptionName, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    const choice = choices.find((word) => word === value);
    if (value !== undefined && choice === undefined) throw usageError(`--${name} must be ${choices.join(' or ')}.`);
    return choice;
  }
}

/** Reads the arguments of a command. A usage error repeats no value: it may be a passphrase. */
export function parseArguments(command: Syntax, argv: readonly string[]): Arguments {
  const { values, positionals } = parse(command, argv);
  const [positional, ...others] = positionals;
  if (values['help'] === true) return new Arguments(values, undefined);
  const { choices } = command;
  if (others.length > 0 || (choices === undefined && positional !== undefined)) {
    throw usageError(`"holdfast ${command.name}" takes ${choices === undefined ? 'options only' : 'one word only'}.`);
  }
  if (choices !== undefined && (positional === undefined || !choices.includes(positional))) {
    throw usageError(`"holdfast ${command.name}" must be followed by ${choices.join(' or ')}.`);
  }
  return new Arguments(values, positional);
}

function parse(command: Syntax, argv: readonly string[]): ReturnType<typeof parseArgs> {
  const names: readonly OptionName[] = [...command.options, ...commonOptionsOf(command)];
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    names.map((name) => {
      const { type, multiple: isList }: OptionSpec = OPTIONS[name];
      const multiple = isList === true;
      return [name, name === 'help' ? { type, multiple, short: 'h' } : { type, multiple }];
    }),
  );
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw usageError(explain(error, argv));
  }
}

function explain(error: unknown, argv: readonly string[]): string {
  if (argv.some((word) => /^--(?:passphrase|kek|key)(?:=|$)/.test(word))) {
    return 'A passphrase or key is never an argument, where others could see it: use --passphrase-file, --kek-file or $HOLDFAST_PASSPHRASE.';
  }
  // Names the option, and its value only where that looks like an option: "--kid -abc".
  const [, name] = /'(?:-\w, )?(--?[\w-]+)/.exec(error instanceof Error ? error.message : '') ?? [];
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `Unknown option ${name ?? ''}.`;
  return `${name ?? 'An option'} lacks its value, or must have none. A value that begins with "-" is written ${name ?? '--option'}=-value.`;
}
