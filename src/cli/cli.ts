import { readFile } from 'node:fs/promises';
import { readSettings, Settings } from './config/settings.ts';
import { packageFolder } from './package-folder.ts';
import { parseArguments } from './shell/arguments.ts';
import { takesSettings } from './shell/options.ts';
import type { Command, Context, Outcome } from './commands/command.ts';
import { commands } from './commands/commands.ts';
import { asCliError, EXIT, usageError, type ExitCode } from './shell/exit.ts';
import { helpOf, overview } from './shell/usage.ts';

/** The part of a context that the process has. */
export type Surroundings = Omit<Context, 'args' | 'settings'>;

/** Runs one command line and returns its exit code. Never rejects. */
export async function runCli(argv: readonly string[], context: Surroundings): Promise<ExitCode> {
  const { terminal } = context;
  try {
    if (argv.includes('--version')) {
      terminal.print(await versionOfPackage());
      return EXIT.done;
    }
    const command = commandOf(argv);
    if (command === undefined) return showOverview(argv, context);
    return await runCommand(command, argv.slice(command.name.split(' ').length), context);
  } catch (error) {
    const { exitCode, code, message } = asCliError(error);
    // Printed also where the command line was not understood: a caller of --json always gets a document.
    if (argv.includes('--json')) terminal.print(JSON.stringify({ error: { code, message, exitCode } }));
    terminal.sayError(message);
    return exitCode;
  }
}

async function runCommand(command: Command, argv: readonly string[], context: Surroundings): Promise<ExitCode> {
  const args = parseArguments(command, argv);
  if (args.flag('help')) {
    context.terminal.print(helpOf(command));
    return EXIT.done;
  }
  const { env } = context;
  const settings = takesSettings(command) ? await readSettings(args, env) : new Settings(args, env);
  const { document, text, exitCode = EXIT.done }: Outcome = await command.run({ ...context, args, settings });
  context.terminal.print(args.flag('json') ? JSON.stringify(document) : text);
  return exitCode;
}

function commandOf(argv: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, at) => argv[at] === word));
}

/** Shows the overview for `holdfast --help` and `holdfast keys`, and refuses a mistyped command. */
function showOverview(argv: readonly string[], { terminal }: Pick<Context, 'terminal'>): ExitCode {
  const isAskedFor = argv.some((word) => word === '--help' || word === '-h');
  const [first] = argv;
  const isKnown =
    first === undefined || first.startsWith('-') || commands.some(({ name }) => name.startsWith(`${first} `));
  // The command line is not repeated: it may hold a passphrase in the wrong place.
  if (!isAskedFor && (!isKnown || argv.length > 1))
    throw usageError('There is no such command. "holdfast --help" lists them.');
  if (isAskedFor) terminal.print(overview(commands));
  else terminal.say(overview(commands));
  return isAskedFor ? EXIT.done : EXIT.usage;
}

async function versionOfPackage(): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('package.json', packageFolder), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
