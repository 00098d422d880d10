import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WebBrowser } from '../support/web-browser.ts';
import type { SiteServers } from './client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const nextCommand = `${root}node_modules/next/dist/bin/next`;
const environment = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };

const folder = fileURLToPath(new URL('site', import.meta.url));
const preload = fileURLToPath(new URL('client.ts', import.meta.url));

/** Builds the site. Next has no network: nothing of it is fetched. */
export function buildSite(): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--max-old-space-size=1024', nextCommand, 'build', folder],
    { cwd: root, env: environment, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`next build ended with ${status}:\n${stdout}\n${stderr}`);
}

/** The built site, served by `next start`. */
export class NextSite implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly url: string;
  /** What it wrote to its standard error, where Next reports the application's errors. */
  readonly reports: string[];

  private constructor(process: ChildProcess, url: string, reports: string[]) {
    this.#process = process;
    this.url = url;
    this.reports = reports;
  }

  static async start(servers: SiteServers): Promise<NextSite> {
    const child = spawn(process.execPath, ['--import', preload, nextCommand, 'start', folder, '--port', '0'], {
      cwd: root,
      env: { ...environment, SITE_SERVERS: JSON.stringify(servers) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const reports: string[] = [];
    createInterface(child.stderr).on('line', (line) => reports.push(line));
    for await (const line of createInterface(child.stdout)) {
      const url = /http:\/\/localhost:\d+/.exec(line)?.[0];
      if (url !== undefined) return new NextSite(child, url, reports);
    }
    throw new Error(`next start ended:\n${reports.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }
}

/** A browser that follows no redirect. */
export const siteBrowser = (origin: string): WebBrowser =>
  new WebBrowser(async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === 'POST' ? await request.arrayBuffer() : null;
    return fetch(new URL(`${pathname}${search}`, origin), { method, headers, body, redirect: 'manual' });
  });
