import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { releaseNotes } from '../../../tools/release-notes.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, '.github/workflows');

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly steps?: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
}
interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const manifest: { scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const workflow: Workflow = parse(text);
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? []);
  return { name, text, workflow, steps, commands: steps.flatMap(({ run }) => run ?? []).join('\n') };
});
const named = (name: string) => workflows.find((each) => each.name === name)!;

describe.each(workflows)('the workflow $name', ({ text, workflow, steps, commands }) => {
  it('uses actions by the hash of a commit, with their version', () => {
    const uses = [...text.matchAll(/uses: (\S+)(.*)/g)].filter(([, action = '']) => !action.startsWith('./'));
    for (const [, action, comment] of uses) {
      expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/);
    }
    expect(steps.some(({ uses: action }) => action?.startsWith('actions/checkout@'))).toBe(true);
  });

  it('may read, and nothing else unless a job says so', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });

  it('puts nothing that somebody else wrote into a command, and no secret anywhere', () => {
    expect(commands).not.toContain('${{');
    expect(text).not.toMatch(/\bsecrets\b/);
  });

  it('runs scripts that are there', () => {
    const scripts = [...commands.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, script = '']) => script);
    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });
});

describe('a release', () => {
  it('publishes with provenance what has passed every check, and its bill of materials', () => {
    expect(named('ci.yml').commands).toContain('.ci/run');
    const { workflow, commands } = named('release.yml');
    expect(workflow.jobs['check']).toEqual({ uses: './.github/workflows/ci.yml' });
    expect(workflow.jobs['publish']).toMatchObject({
      needs: 'check',
      permissions: { contents: 'write', 'id-token': 'write' },
    });
    const order = ['npm ci --ignore-scripts', 'package:check', 'npm pack', 'sbom', 'npm publish', 'gh release create'];
    const places = order.map((command) => commands.indexOf(command));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThanOrEqual(0);
    expect(commands).toContain('--provenance');
  });

  it('takes its notes from the section of its version', () => {
    const changelog =
      '# Changelog\n\n## 0.2.0 (2031-02-03)\n\n### Safety\n\n- Held.\n\n## 0.1.0 (2031-01-02)\n\n- First.\n';
    expect(releaseNotes('v0.2.0', '0.2.0', changelog)).toBe('### Safety\n\n- Held.\n');
    expect(releaseNotes('v0.1.0', '0.1.0', changelog)).toBe('- First.\n');
  });

  it('is refused under another tag, and without a date', () => {
    expect(() => releaseNotes('v0.2.0', '0.1.0', '')).toThrow('The tag is v0.2.0, and package.json has 0.1.0.');
    expect(() => releaseNotes('v0.1.0', '0.1.0', '## 0.1.0 (unreleased)\n')).toThrow('has no section');
  });
});
