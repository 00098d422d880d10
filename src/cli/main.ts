#!/usr/bin/env node
import process from 'node:process';
import { EXIT_GRACE_MS } from '../limits/cli.ts';
import { systemPlatform } from '../platform/platform.ts';
import { runCli } from './cli.ts';
import { EXIT, interruption } from './shell/exit.ts';
import { Terminal } from './shell/terminal.ts';

const terminal = new Terminal(process);
const interrupt = new AbortController();

// The first Ctrl+C lets the command end cleanly, the second one ends the process.
process.on('SIGINT', () => {
  if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
  interrupt.abort(interruption());
});
// The reader of the output has ended, as `head` does.
process.stdout.on('error', () => process.exit(EXIT.failed));

const exitCode = await runCli(process.argv.slice(2), {
  terminal,
  env: process.env,
  signal: interrupt.signal,
  platform: systemPlatform,
});
await terminal.flush();
process.exitCode = exitCode;
// What the application's client module has begun to write, such as an audit log, gets there. Its own connections would
// keep the process alive for ever.
systemPlatform.after(EXIT_GRACE_MS, () => process.exit(exitCode), 'background');
