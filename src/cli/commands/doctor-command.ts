import { parseDuration } from '../../platform/duration.ts';
import { KEY_AGE_MS_REPORTED } from '../../limits/doctor.ts';
import { KEY_AGE_MS_MAX } from '../../limits/keys.ts';
import { clientOf } from '../config/client.ts';
import { findingsIn } from '../doctor/check.ts';
import { collect } from '../doctor/collect.ts';
import { toFinding, type Finding } from '../doctor/findings.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { Terminal } from '../shell/terminal.ts';
import { orInterrupted } from './with-client.ts';
import type { Command, Context, Outcome } from './command.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Look for mistakes in the set-up of keys, Redis and database',
  details: [
    'Changes nothing, and is no node of the fleet. Each finding has a code, what was found, and its cure.',
    'The exit status is 1 if there is an error, and 0 for warnings alone.',
    'What the user of Redis must not do is tried: ACL LOG on the server shows that.',
  ],
  options: ['client', 'max-age'],
  async run(context) {
    const findings = await examine(context);
    const isHealthy = findings.every(({ severity }) => severity !== 'error');
    return {
      document: { healthy: isHealthy, findings },
      text: textOf(findings, context.terminal),
      exitCode: isHealthy ? EXIT.done : EXIT.failed,
    } satisfies Outcome;
  },
};

async function examine(context: Context): Promise<readonly Finding[]> {
  const { settings, env, args, signal } = context;
  const maxAge = args.duration('max-age', KEY_AGE_MS_MAX);
  const keyAgeMsMax =
    maxAge === undefined ? KEY_AGE_MS_REPORTED : parseDuration('--max-age', maxAge, 0, KEY_AGE_MS_MAX);
  let client;
  try {
    client = await clientOf(context);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return [toFinding({ code: 'configuration', found: refusal.replace(/\.$/, '') })];
  }
  try {
    return findingsIn(await orInterrupted(signal, collect({ client, settings, env, keyAgeMsMax })));
  } finally {
    await client.close();
  }
}

/** Returns the message of an error that says which option is wrong. A client that is not named at all is a wrong command line. */
function refusalOf(error: unknown): string | undefined {
  const isOurs = error instanceof Error && 'code' in error && String(error.code).startsWith('HOLDFAST_');
  const isFailure = error instanceof CliError && error.exitCode === EXIT.failed;
  return isOurs || isFailure ? error.message : undefined;
}

function textOf(findings: readonly Finding[], terminal: Terminal): string {
  if (findings.length === 0) return 'Nothing is wrong.';
  const shown = findings.map(({ code, severity, found, cure, page }) => {
    const tone = severity === 'error' ? 'red' : 'yellow';
    return `${terminal.style(tone, severity)} ${code}: ${found}.\n  ${cure}.\n  See ${page}.`;
  });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
  return `${shown.join('\n\n')}\n\n${count(errors, 'error')}, ${count(warnings, 'warning')}.`;
}
