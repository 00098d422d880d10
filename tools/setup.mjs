// Makes a bare machine ready and then runs the command after "--". Needs nothing but Node 20.19 and npm, so it imports
// nothing, and is not TypeScript. When there is nothing to do, it prints nothing and costs a few milliseconds.
//
//   node tools/setup.mjs --with-browser --with-pgbouncer -- vitest run
//   node tools/setup.mjs --without-servers -- node tools/example.ts express
//
// HOLDFAST_NO_INSTALL=1 forbids the installation of system packages.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const path = [bin, process.env.PATH].join(delimiter);
const [options, commandLine] = splitArguments(process.argv.slice(2));

installNpmPackages();
requireNode24();
for (const provider of readdirSync(join(root, 'prisma'))) generatePrismaClient(provider);
if (!options.includes('--without-servers')) provideServers();
if (options.includes('--with-browser')) provideBrowser();
if (options.includes('--with-pgbouncer')) providePgbouncer();
if (options.includes('--with-pgpool')) providePgpool();
if (options.includes('--with-prometheus')) providePrometheus();
if (options.includes('--with-galera')) provideGalera();
if (options.includes('--with-patroni')) providePatroni();
runCommand();

/** npm writes what it installed into node_modules; comparing costs milliseconds, `npm ci` ten seconds. */
function installNpmPackages() {
  if (packagesAreFresh()) return;
  say('Installing npm packages (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci failed');
}

function packagesAreFresh() {
  const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  if (!existsSync(join(bin, 'node')) || !existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const wanted = read('package-lock.json');
  const installed = read('node_modules/.package-lock.json');
  return Object.entries(wanted).every(([name, { version, optional, peer }]) => {
    if (name === '') return true;
    // Optional packages for other platforms are in the lock file and not on disk.
    if (!installed[name]) return optional || peer;
    return installed[name].version === version;
  });
}

/** The `node` package brings Node 24 whatever the machine has; its install script can be blocked without an error. */
function requireNode24() {
  const manifest = join(root, 'node_modules/node/package.json');
  const version = existsSync(join(bin, 'node')) ? JSON.parse(readFileSync(manifest, 'utf8')).version : 'none';
  if (Number.parseInt(version, 10) >= 24) return;
  fail(`node_modules/.bin/node should be Node 24 and is ${version}. Did npm block the install script of "node"?`);
}

function generatePrismaClient(provider) {
  const schema = `prisma/${provider}/schema.prisma`;
  const output = join(root, 'test/support/generated', provider);
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/prisma/package.json'), 'utf8'));
  const stamp = createHash('sha256')
    .update(version)
    .update(readFileSync(join(root, schema)))
    .digest('hex');
  const stampFile = join(output, '.stamp');
  if (existsSync(join(output, 'client.ts')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
    return;
  say(`Generating the Prisma client for ${provider}`);
  run(join(bin, 'prisma'), ['generate', '--schema', schema], 'prisma generate failed', {
    // Generating needs no schema engine, but the command would download one first. `false`, never `true`: other
    // commands must fail loudly instead of doing nothing and reporting success.
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  });
  writeFileSync(stampFile, stamp);
}

/** Tests talk to real servers: local binaries, else installed packages, else Docker. */
function provideServers() {
  if (process.env.HOLDFAST_TEST_PROVIDER === 'docker' || serversMissing().length === 0) return;
  const missing = serversMissing().join(' and ');
  const why = process.env.HOLDFAST_NO_INSTALL ? 'HOLDFAST_NO_INSTALL forbids to install it' : installServers();
  if (!why) return;
  if (hasDocker()) return say(`No ${missing} here (${why}); the tests will start it in Docker`);
  fail(`The tests need ${missing}, and ${why}. Install it, or start Docker.`);
}

function serversMissing() {
  const missing = [];
  if (!onPath('redis-server') && !onPath('valkey-server')) missing.push('a Redis or Valkey server');
  if (!hasPostgres()) missing.push('a PostgreSQL server');
  if (!hasMariadb()) missing.push('a MariaDB server');
  return missing;
}

/** Debian keeps the server out of the PATH of plain users, Homebrew out of everybody's. */
function hasMariadb() {
  const places = ['/usr/sbin', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'];
  return onPath('mariadbd') || places.some((place) => existsSync(join(place, 'mariadbd')));
}

/** Debian and Homebrew keep the server's programs out of PATH, one folder per version. */
function hasPostgres() {
  const homes = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'].filter(existsSync);
  const places = homes.flatMap((home) => readdirSync(home).map((name) => join(home, name, 'bin')));
  return (onPath('postgres') && onPath('initdb')) || places.some((place) => existsSync(join(place, 'initdb')));
}

/** Returns the reason why nothing was installed; undefined when everything is there. */
function installServers() {
  if (platform() === 'darwin') return installWithBrew();
  return installWithApt();
}

function installWithBrew() {
  if (!onPath('brew')) return 'there is no Homebrew';
  const formulae = [];
  if (!onPath('redis-server') && !onPath('valkey-server')) formulae.push('redis');
  if (!hasPostgres()) formulae.push('postgresql@17');
  if (!hasMariadb()) formulae.push('mariadb');
  say(`Installing ${formulae.join(' ')} with Homebrew`);
  attempt('brew', ['install', '--quiet', ...formulae]);
  return serversMissing().length > 0 ? 'brew install failed' : undefined;
}

/** Installs the browser that one test needs; without it the test is skipped. */
function provideBrowser() {
  const places = ['/Applications/Google Chrome.app', '/Applications/Chromium.app'];
  const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
  if (names.some(onPath) || places.some(existsSync)) return;
  const why = process.env.HOLDFAST_NO_INSTALL ? 'HOLDFAST_NO_INSTALL forbids to install it' : installBrowserWithApt();
  if (why) say(`No Chromium (${why}): the test that needs it will be skipped`);
}

function installBrowserWithApt() {
  if (whyNoApt()) return whyNoApt();
  const install = () => aptInstall('chromium-headless-shell') || aptInstall('chromium');
  if (install()) return undefined;
  aptUpdate();
  return install() ? undefined : 'apt-get install failed';
}

/** Watches the outages of one project of tests, with its promtool. */
function providePrometheus() {
  if (onPath('prometheus') && onPath('promtool')) return;
  provide('Prometheus', ['prometheus'], 'fail');
}

function providePgbouncer() {
  if (onPath('pgbouncer') || existsSync('/usr/sbin/pgbouncer')) return;
  provide('PgBouncer', ['pgbouncer'], 'be skipped');
}

function providePgpool() {
  if (onPath('pgpool') || existsSync('/usr/sbin/pgpool')) return;
  provide('Pgpool-II', ['pgpool2'], 'be skipped');
  // Debian starts what it installs.
  attempt(...asRoot('service', 'pgpool2', 'stop'));
}

/** Installs what makes MariaDB a cluster, and what sets the clock of one node. */
function provideGalera() {
  if (existsSync('/usr/lib/galera/libgalera_smm.so') && onPath('faketime')) return;
  provide('Galera', ['galera-4', 'faketime'], 'be skipped');
}

/** Installs what some tests need. Without it they have this fate. */
function provide(name, packages, fate) {
  const why = process.env.HOLDFAST_NO_INSTALL ? 'HOLDFAST_NO_INSTALL forbids to install it' : whyNoApt();
  const isThere = !why && (aptInstall(...packages) || (aptUpdate(), aptInstall(...packages)));
  if (!isThere) say(`No ${name} (${why ?? 'apt-get install failed'}): the tests that need it will ${fate}`);
}

function providePatroni() {
  if (['/usr/bin/patroni', '/usr/bin/etcd', '/usr/sbin/haproxy'].every((file) => existsSync(file))) return;
  provide('Patroni', ['patroni', 'python3-etcd', 'etcd-server', 'haproxy'], 'be skipped');
  for (const service of ['patroni', 'etcd', 'haproxy']) attempt(...asRoot('service', service, 'stop'));
}

function whyNoApt() {
  if (!onPath('apt-get')) return 'this system has no apt-get';
  const isRoot = process.getuid() === 0 || (onPath('sudo') && attempt('sudo', ['-n', 'true']));
  return isRoot ? undefined : 'installing it needs root';
}

function apt(...args) {
  return attempt(...asRoot('apt-get', '-qq', '-o', 'Dpkg::Use-Pty=0', ...args));
}

/** Returns a command and its arguments. */
function asRoot(command, ...args) {
  return process.getuid() === 0 ? [command, args] : ['sudo', ['-n', command, ...args]];
}

function aptInstall(...packages) {
  say(`Installing ${packages.join(' ')} with apt-get`);
  return apt('install', '-y', '--no-install-recommends', ...packages);
}

function aptUpdate() {
  say('Refreshing the package lists (apt-get update)');
  apt('update');
}

function installWithApt() {
  if (whyNoApt()) return whyNoApt();
  const install = () => {
    if (!onPath('redis-server') && !onPath('valkey-server') && !aptInstall('redis-server')) aptInstall('valkey-server');
    if (!hasPostgres()) aptInstall('postgresql');
    if (!hasMariadb()) aptInstall('mariadb-server');
    return serversMissing().length === 0;
  };
  if (install()) return undefined;
  aptUpdate();
  return install() ? undefined : 'apt-get install failed';
}

function hasDocker() {
  return Boolean(process.env.DOCKER_HOST) || existsSync('/var/run/docker.sock');
}

function onPath(program) {
  return path.split(delimiter).some((directory) => directory && existsSync(join(directory, program)));
}

/** Separates the options of the set-up from the command after "--". */
function splitArguments(args) {
  const at = args.indexOf('--');
  return at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

function runCommand() {
  const [command, ...args] = commandLine;
  if (!command) return;
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, PATH: path } });
  // The terminal sends Ctrl-C to the child as well; staying alive lets it clean up and return its exit code.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  }
  child.once('error', (error) => fail(`${command}: ${error.message}`));
  child.once('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}

function run(command, args, complaint, environment = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, spawnOptions(environment));
  if (status === 0) return;
  fail(`${complaint}: ${error?.message ?? ''}\n${stdout ?? ''}${stderr ?? ''}`);
}

function attempt(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, spawnOptions({ DEBIAN_FRONTEND: 'noninteractive' }));
  if (status !== 0) process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  return status === 0;
}

function spawnOptions(environment) {
  return {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, ...environment },
  };
}

function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`set-up: ${text}\n`);
  process.exit(1);
}
