import { benchCommand } from './bench-command.ts';
import type { Command } from './command.ts';
import { doctorCommand } from './doctor-command.ts';
import { fleetCommands } from './keys/fleet-commands.ts';
import { importCommand } from './import-command.ts';
import { inspectCommand } from './inspect-command.ts';
import { revocationCommands } from './keys/revocation-commands.ts';
import { revokeCommand } from './revoke-command.ts';
import { ringCommands } from './keys/ring-commands.ts';
import { sessionCommands } from './keys/session-commands.ts';
import { schemaCommand } from './schema-command.ts';
import { statsCommand } from './stats-command.ts';
import { sweepCommand } from './sweep-command.ts';

/** Every command of `holdfast`, in the order of the help. */
export const commands: readonly Command[] = [
  ...ringCommands,
  ...fleetCommands,
  ...revocationCommands,
  ...sessionCommands,
  statsCommand,
  inspectCommand,
  revokeCommand,
  importCommand,
  benchCommand,
  sweepCommand,
  schemaCommand,
  doctorCommand,
];
