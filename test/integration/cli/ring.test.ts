import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { KeyRing } from '../../../src/index.ts';
import { holdfast, holdfastOnTerminal, openWorkshop, type Workshop } from '../../support/cli.ts';
import { canariesOf, fixtureJwks, fixtureRing, KEK, standardKeys } from '../../support/ring-fixtures.ts';

const PASSPHRASE = 'correct horse battery staple';

/** The kid of the only key in this state. */
function kidOf(document: Record<string, unknown>, state: string, use = 'data'): string {
  const keys = document['keys'] as { kid: string; state: string; use: string }[];
  return keys.find((key) => key.state === state && key.use === use)?.kid ?? `no ${state} key`;
}

async function withFixtureRing(): Promise<Workshop> {
  const workshop = await openWorkshop();
  await (await fixtureRing()).save(workshop.path('keys.json'), { kek: KEK });
  return workshop;
}

/** Each command is a process, and some derive keys: a busy machine takes its time. */
const TIMEOUT_MS = 90_000;

describe('holdfast keys', { timeout: TIMEOUT_MS }, () => {
  it('makes a ring, adds a key to it once, and shows kids and states', async () => {
    await using workshop = await openWorkshop();
    const made = await workshop.json('generate', ...workshop.ring);
    expect(made).toMatchObject({ code: 0, changed: true, version: 1 });
    expect((await stat(workshop.path('keys.json'))).mode & 0o777).toBe(0o600);

    const added = await workshop.json('add', ...workshop.ring);
    expect(added).toMatchObject({ code: 0, changed: true, version: 2 });
    expect(await workshop.json('add', ...workshop.ring)).toMatchObject({ code: 0, changed: false, version: 2 });
    expect(await workshop.json('add', ...workshop.ring, '--use', 'index')).toMatchObject({ changed: true, version: 3 });

    const list = await workshop.keys('list', ...workshop.ring);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toContain(`${kidOf(added, 'pending')}  data   pending  XAES-256-GCM`);
    expect(list.stdout).not.toContain('\u001b');
    const ring = await KeyRing.open(workshop.path('keys.json'), { kek: KEK });
    expect(await workshop.json('list', ...workshop.ring)).toMatchObject({
      version: 3,
      fingerprint: ring.fingerprint().toString('hex'),
      keys: ring.keys().map(({ kid, state }) => ({ kid, state })),
    });
  });

  it('never overwrites a ring, and leaves no file where it refused', async () => {
    await using workshop = await openWorkshop();
    await workshop.keys('generate', ...workshop.ring);
    const before = await readFile(workshop.path('keys.json'), 'utf8');
    expect(await workshop.json('generate', ...workshop.ring)).toMatchObject({ code: 3, error: { code: 'REFUSED' } });
    const sealed = await holdfast(['keys', 'seal', ...workshop.ring], { cwd: workshop.cwd, input: '{}' });
    expect(sealed.code).toBe(1);
    expect(await readFile(workshop.path('keys.json'), 'utf8')).toBe(before);
    expect(readdirSync(workshop.cwd).toSorted()).toEqual(['kek', 'keys.json']);
  });

  it('revokes and removes a key only after a confirmation', async () => {
    await using workshop = await withFixtureRing();
    const list = await workshop.json('list', ...workshop.ring);
    const kid = kidOf(list, 'decrypt-only');

    const unasked = await workshop.keys('revoke', ...workshop.ring, `--kid=${kid}`, '--yes');
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toContain('--client');
    const unconfirmed = await workshop.keys('revoke', ...workshop.ring, `--kid=${kid}`, '--force');
    expect(unconfirmed).toMatchObject({ code: 3, stdout: '' });
    expect(unconfirmed.stderr).toContain('--yes');
    expect(await workshop.json('list', ...workshop.ring)).toMatchObject({ version: 7 });

    // The first characters are enough.
    const some = `--kid=${kid.slice(0, 8)}`;
    expect(await workshop.json('revoke', ...workshop.ring, some, '--force', '--yes')).toMatchObject({
      changed: true,
      version: 8,
      acknowledged: false,
    });
    expect(await workshop.json('revoke', ...workshop.ring, some, '--force')).toMatchObject({
      code: 0,
      changed: false,
      version: 8,
    });
    expect(await workshop.json('remove', ...workshop.ring, some, '--yes')).toMatchObject({
      changed: true,
      version: 9,
      revokedKids: [kid],
    });
    expect(await workshop.json('remove', ...workshop.ring, `--kid=${kid}`)).toMatchObject({
      changed: false,
      version: 9,
    });
  });

  it('replaces an active key by a fresh one, and revokes one that the ring no longer has', async () => {
    await using workshop = await withFixtureRing();
    const { ring, json } = workshop;
    const list = await json('list', ...ring);
    const [active, retired] = [kidOf(list, 'active'), kidOf(list, 'retired')];
    const replaced = await json('replace', ...ring, `--kid=${active}`, '--force', '--yes', '--suite', 'A256GCM');
    expect(replaced).toMatchObject({ code: 0, changed: true, version: 8, acknowledged: false });
    expect(kidOf(replaced, 'active')).not.toBe(active);
    expect(replaced['keys']).toContainEqual(expect.objectContaining({ kid: active, state: 'revoked' }));
    expect(await json('replace', ...ring, `--kid=${active}`, '--force')).toMatchObject({ code: 0, changed: false });

    await json('remove', ...ring, `--kid=${retired}`, '--yes');
    const revoke = ['revoke', ...ring, `--kid=${retired}`, '--force', '--yes'] as const;
    expect(await json(...revoke)).toMatchObject({ code: 3, error: { code: 'HOLDFAST_KEY_RING' } });
    expect(await json(...revoke, '--removed')).toMatchObject({ code: 0, changed: true, revokedKids: [retired] });
    expect((await workshop.keys('list', ...ring)).stdout).toContain(`Revoked and removed: ${retired}`);
  });

  it('fails for a key that has been active for too long', async () => {
    await using workshop = await openWorkshop();
    await workshop.json('generate', ...workshop.ring);
    expect(await workshop.json('list', ...workshop.ring, '--max-age', '90d')).toMatchObject({ code: 0, tooOld: [] });
    const { code, tooOld } = await workshop.json('list', ...workshop.ring, '--max-age', '0s');
    expect([code, (tooOld as string[]).length]).toEqual([1, 2]);
    const said = await workshop.keys('list', ...workshop.ring, '--max-age', '0s');
    expect(said.stdout).toMatch(/Active for longer than 0s, rotate it: the data key [\w-]{43}/);
    expect((await workshop.keys('list', ...workshop.ring, '--max-age', 'long')).code).toBe(2);
  });

  it('distinguishes refusals, failures and wrong usage by its exit status', async () => {
    await using workshop = await withFixtureRing();
    const list = await workshop.json('list', ...workshop.ring);
    const refused = [
      ['revoke', `--kid=${kidOf(list, 'active')}`, '--yes', '--force'],
      ['replace', `--kid=${kidOf(list, 'pending')}`, '--yes', '--force'],
      ['remove', `--kid=${kidOf(list, 'pending')}`, '--yes'],
      ['revoke', `--kid=${'A'.repeat(43)}`, '--yes', '--force'],
      ['revoke', '--kid=AAAAAAAA', '--yes', '--force'],
    ];
    for (const [command = '', ...args] of refused) {
      expect(await workshop.json(command, ...workshop.ring, ...args), args.join(' ')).toMatchObject({
        code: 3,
        error: { exitCode: 3 },
      });
    }
    await writeFile(workshop.path('other'), Buffer.from(KEK).reverse());
    await writeFile(workshop.path('long'), Buffer.alloc(5_000));
    for (const args of [
      ['--ring', 'keys.json', '--kek-file', 'other'],
      ['--ring', 'keys.json', '--kek-file', 'missing'],
      ['--ring', 'keys.json', '--kek-file', 'long'],
      ['--ring', 'keys.json', '--wrapper', 'missing.ts'],
      ['--ring', 'missing.json', '--kek-file', 'kek'],
    ]) {
      expect((await workshop.keys('list', ...args)).code, args.join(' ')).toBe(1);
    }
    for (const args of [
      [],
      ['--ring', 'keys.json'],
      [...workshop.ring, '--passphrase-file', 'kek'],
      [...workshop.ring, 'x'],
    ]) {
      expect((await workshop.keys('list', ...args)).code, args.join(' ')).toBe(2);
    }
    expect((await workshop.keys('revoke', ...workshop.ring, '--force', '--kid', 'short')).code).toBe(2);
    expect((await workshop.keys('invent')).code).toBe(2);
  });

  it('opens with a passphrase from the environment or a file, and a kek in base64url', async () => {
    await using workshop = await openWorkshop();
    const { cwd } = workshop;
    const env = { HOLDFAST_RING: 'keys.json', HOLDFAST_PASSPHRASE: PASSPHRASE };
    await writeFile(workshop.path('passphrase'), `${PASSPHRASE}\n`);
    await writeFile(workshop.path('text'), `${KEK.toString('base64url')}\n`);
    expect(
      (await holdfast(['keys', 'generate', '--to-kek-file', 'text', '--passphrase-file', 'passphrase'], { cwd, env }))
        .code,
    ).toBe(0);
    expect((await holdfast(['keys', 'list'], { cwd, env })).code).toBe(0);
    expect((await holdfast(['keys', 'list', '--kek-file', 'text'], { cwd, env })).code).toBe(0);
    expect((await workshop.keys('list', ...workshop.ring)).code).toBe(0);
  });

  it('seals a plain set from stdin, and rewraps it for others', async () => {
    await using workshop = await openWorkshop();
    const { cwd } = workshop;
    const input = JSON.stringify(fixtureJwks());
    expect(await holdfast(['keys', 'seal', ...workshop.ring], { cwd, input })).toMatchObject({ code: 0, stderr: '' });
    await writeFile(workshop.path('new'), Buffer.from(KEK).reverse());
    const rewrapped = await workshop.json('rewrap', ...workshop.ring, '--to-kek-file', 'new');
    expect(rewrapped).toMatchObject({ code: 0, version: 7, openers: 1 });
    expect((await workshop.keys('list', ...workshop.ring)).code).toBe(1);
    expect(await workshop.json('list', '--ring', 'keys.json', '--kek-file', 'new')).toMatchObject({ version: 7 });
    expect((await workshop.keys('rewrap', '--ring', 'keys.json', '--kek-file', 'new')).code).toBe(2);
  });

  it('opens with a key service by a module that exports its wrapper', async () => {
    await using workshop = await openWorkshop();
    const module = `export const wrapper = () => ({
      id: 'test', wrap: async (key) => key.map((byte) => byte ^ 90), unwrap: async (key) => key.map((byte) => byte ^ 90) });`;
    await writeFile(workshop.path('kms.ts'), module);
    expect((await workshop.keys('generate', '--ring', 'keys.json', '--wrapper', './kms.ts')).code).toBe(0);
    expect((await workshop.keys('list', '--ring', 'keys.json', '--wrapper', './kms.ts')).code).toBe(0);
  });

  it('shows no key material or passphrase, whatever it does', async () => {
    await using workshop = await openWorkshop();
    const { cwd } = workshop;
    const env = { HOLDFAST_PASSPHRASE: PASSPHRASE, HOLDFAST_RING: 'keys.json' };
    const input = JSON.stringify(fixtureJwks());
    const broken = JSON.stringify(fixtureJwks(standardKeys().slice(1)));
    const said: string[] = [];
    for (const [args, piped] of [
      [['seal'], input.slice(0, 100)],
      [['seal'], broken],
      [['seal'], input],
      [['list'], ''],
      [['list', '--json'], ''],
      [['add', '--json'], ''],
      [['revoke', '--force', `--kid=${standardKeys()[0]?.k}`], ''],
      [['list', `--passphrase=${PASSPHRASE}`], ''],
      [['list', PASSPHRASE], ''],
    ] as const) {
      const { stdout, stderr } = await holdfast(['keys', ...args], { cwd, env, input: piped });
      said.push(stdout, stderr);
    }
    for (const secret of [PASSPHRASE, ...canariesOf(standardKeys())])
      expect(said.join('').includes(secret)).toBe(false);
  });
});

describe('holdfast schema', () => {
  it.each(['postgresql', 'sqlite'])('prints the SQL and the models of %s', async (provider) => {
    const cwd = process.cwd();
    const { stdout, code } = await holdfast(['schema', provider, '--json'], { cwd });
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document.migrations.map(({ name }: { name: string }) => name)).toEqual(['0001_init']);
    expect(document.models).toMatch(/^\/\/\/ .*\nmodel HoldfastSession \{/);
    expect(document.models).not.toContain('datasource');
    const sql = await holdfast(['schema', provider, '--sql'], { cwd });
    expect(sql.stdout).not.toContain('model ');
    for (const migration of document.migrations) expect(sql.stdout).toContain(migration.sql.trim());
    expect((await holdfast(['schema', provider], { cwd })).stdout).toContain('model HoldfastSession {');
  });
});

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('on a terminal', { timeout: TIMEOUT_MS }, () => {
  it('asks for a passphrase without showing it, twice for a new ring', async () => {
    await using workshop = await openWorkshop();
    const options = { cwd: workshop.cwd, env: { HOLDFAST_RING: 'keys.json' } };
    const differing = await holdfastOnTerminal(['keys', 'generate'], {
      ...options,
      answers: [
        ['Passphrase for the new ring', PASSPHRASE],
        ['Once more', `${PASSPHRASE}!`],
      ],
    });
    expect(differing).toMatchObject({ code: 1, stdout: expect.stringContaining('differ') });
    const made = await holdfastOnTerminal(['keys', 'generate'], {
      ...options,
      answers: [
        ['Passphrase for the new ring', `x\u007f${PASSPHRASE}`],
        ['Once more', PASSPHRASE],
      ],
    });
    expect(made).toMatchObject({ code: 0 });
    const list = await holdfastOnTerminal(['keys', 'list'], { ...options, answers: [['Passphrase of', PASSPHRASE]] });
    expect(list.code).toBe(0);
    for (const { stdout } of [differing, made, list]) expect(stdout).not.toContain(PASSPHRASE.slice(0, 6));
  });

  it('cuts kids and colours states for a narrow one, and asks before it revokes', async () => {
    await using workshop = await withFixtureRing();
    const { cwd, ring } = workshop;
    const env = { NO_COLOR: '', TERM: 'xterm-256color' };
    const list = await holdfastOnTerminal(['keys', 'list', ...ring], { cwd, env, columns: 80, answers: [] });
    // oxlint-disable-next-line no-control-regex -- that is what colours are
    const plain = list.stdout.replaceAll(/\u001b\[[\d;]*m/g, '');
    expect(list.stdout).not.toBe(plain);
    for (const line of plain.split('\r\n')) expect(line.length).toBeLessThanOrEqual(80);
    const kid = kidOf(await workshop.json('list', ...ring), 'decrypt-only');
    const ask = (answer: string) =>
      holdfastOnTerminal(['keys', 'revoke', ...ring, '--force', `--kid=${kid}`], {
        cwd,
        answers: [['to go on', answer]],
      });
    expect(await ask('no')).toMatchObject({ code: 3 });
    expect(await workshop.json('list', ...ring)).toMatchObject({ version: 7 });
    expect(await ask(kid.slice(0, 8))).toMatchObject({ code: 0 });
    expect(await workshop.json('list', ...ring)).toMatchObject({ version: 8 });
    expect(await ask('\u0003')).toMatchObject({ code: 0 });
  });
});
