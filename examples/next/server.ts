/*
 * A cart and a login with Next 16. Sessions live in memory, so a restart ends them.
 *
 *   npm run example next
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const next = fileURLToPath(import.meta.resolve('next/dist/bin/next'));
spawn(process.execPath, [next, 'dev', import.meta.dirname], { stdio: 'inherit' });
