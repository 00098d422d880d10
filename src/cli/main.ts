#!/usr/bin/env node
import process from 'node:process';
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
// The application's own connections, which its client module opened, would keep the process alive.
process.exit(exitCode);
