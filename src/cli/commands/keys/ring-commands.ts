import { KeyRing } from '../../../keys/ring/key-ring.ts';
import { rewrapKeyRingFile } from '../../../keys/file/ring-file-change.ts';
import { addKey, generateKeyRing, removeKey } from '../../../keys/ring/rotation.ts';
import { KEY_AGE_MS_MAX, RING_FILE_BYTES_MAX } from '../../../limits/keys.ts';
import { parseDuration } from '../../../platform/duration.ts';
import type { Command, Context, Outcome } from '../command.ts';
import { EXIT, failure, refusing, usageError } from '../../shell/exit.ts';
import { chosenKid, confirm, keyWith } from '../../ring/key-choice.ts';
import { newOpenersOf, openerOf, otherOpenersOf } from '../../ring/openers.ts';
import { PURPOSES, RECIPIENT_OPTIONS, RING_OPTIONS, SUITES } from '../../shell/options.ts';
import { changed, describeKey, documentOf, textOf } from '../../ring/ring-document.ts';
import { changeRing, requireNoFile, ringPathOf } from '../../ring/ring-files.ts';

/** The commands that need only the ring file. */
export const ringCommands: readonly Command[] = [
  {
    name: 'keys generate',
    summary: 'Make a new key ring in a new file',
    details: ['One data key and one index key, both active. An existing file is never overwritten.'],
    options: [...RING_OPTIONS, ...RECIPIENT_OPTIONS, 'suite', 'ring-version'],
    async run(context) {
      const suite = context.args.oneOf('suite', SUITES);
      const version = context.args.integer('ring-version');
      const ring = await refusing(() =>
        generateKeyRing({ ...(suite && { suite }), ...(version !== undefined && { version }) }),
      );
      return create(context, ring);
    },
  },
  {
    name: 'keys list',
    summary: 'Show the keys of the ring, and their states',
    details: ['Never shows key material. With --max-age, an alarm: fails if a key has been active for longer.'],
    options: [...RING_OPTIONS, 'max-age'],
    run: list,
  },
  {
    name: 'keys add',
    summary: 'Add a pending key, the first half of a rotation',
    details: ['Nodes can open with it once they have the ring; none seals with it before "keys promote".'],
    options: [...RING_OPTIONS, 'use', 'suite'],
    async run(context) {
      const { args } = context;
      const use = args.oneOf('use', PURPOSES);
      const suite = args.oneOf('suite', SUITES);
      const { before, ring } = await changeRing(ringPathOf(context), await openerOf(context), (current) =>
        addKey(current, { ...(use && { use }), ...(suite && { suite }) }),
      );
      const added = ring.keys().find(({ kid }) => keyWith(before, kid) === undefined);
      return changed(ring, before, added === undefined ? '' : `Added the ${describeKey(added)}, pending.`);
    },
  },
  {
    name: 'keys remove',
    summary: 'Drop a retired or revoked key with its material',
    details: ['Sessions under it, in backups too, are unreadable once no copy of an older ring is left.'],
    options: [...RING_OPTIONS, 'kid', 'yes'],
    run: remove,
  },
  {
    name: 'keys seal',
    summary: 'Seal a plain JWK Set from stdin into a new ring file',
    details: ['The set is a JSON Web Key Set, as the reference page of key rings has it. It is never printed.'],
    options: [...RING_OPTIONS, ...RECIPIENT_OPTIONS],
    async run(context) {
      if (!context.terminal.isInputPiped) throw usageError('Pipe the JWK Set in: holdfast keys seal … < jwks.json');
      return create(context, KeyRing.fromJwks(await readJson(context)));
    },
  },
  {
    name: 'keys rewrap',
    summary: 'Seal the ring for other passphrases or keys',
    details: [
      'The keys in it, its version and the sessions stay as they are.',
      'It is sealed for the openers of --to-… and no others.',
      'Older copies of the file still open as they did: delete them.',
    ],
    options: [...RING_OPTIONS, ...RECIPIENT_OPTIONS],
    async run(context) {
      const path = ringPathOf(context);
      const from = await openerOf(context);
      // Opened before a person makes up a passphrase in vain.
      await KeyRing.open(path, from);
      const to = await otherOpenersOf(context);
      const ring = await rewrapKeyRingFile(path, from, to);
      return {
        document: { changed: true, openers: to.length, ...documentOf(ring) },
        text: `Sealed anew for ${to.length === 1 ? 'one opener' : `${to.length} openers`}. Ring version ${ring.version}.`,
      };
    },
  },
];

async function list(context: Context): Promise<Outcome> {
  const { args, platform, terminal } = context;
  const maxAge = args.duration('max-age', KEY_AGE_MS_MAX);
  const ring = await KeyRing.open(ringPathOf(context), await openerOf(context));
  if (maxAge === undefined) return { document: documentOf(ring), text: textOf(ring, terminal) };
  const bornBefore = platform.now() - parseDuration('--max-age', maxAge, 0, KEY_AGE_MS_MAX);
  const tooOld = ring.keys().filter((key) => key.state === 'active' && (key.activatedAt ?? 0) < bornBefore);
  const complaints = tooOld.map((key) => `\nActive for longer than ${maxAge}, rotate it: the ${describeKey(key)}`);
  return {
    document: { ...documentOf(ring), tooOld: tooOld.map(({ kid }) => kid) },
    text: textOf(ring, terminal) + complaints.join(''),
    exitCode: tooOld.length > 0 ? EXIT.failed : EXIT.done,
  };
}

async function create(context: Context, ring: KeyRing): Promise<Outcome> {
  const path = ringPathOf(context);
  await requireNoFile(path);
  await ring.save(path, await newOpenersOf(context), context.platform);
  return {
    document: { changed: true, ...documentOf(ring) },
    text: `Saved to ${path}.\n\n${textOf(ring, context.terminal)}`,
  };
}

async function remove(context: Context): Promise<Outcome> {
  const path = ringPathOf(context);
  const opener = await openerOf(context);
  const present = await KeyRing.open(path, opener);
  const kid = chosenKid(present, context);
  // Tried first, so that nobody is asked about a change that is refused, or done already.
  const isToDo = (await refusing(() => removeKey(present, { kid }))) !== present;
  const consequence = 'The material of this key will be lost, and with it the sessions in backups under it.';
  if (isToDo) await confirm(context, kid, consequence);
  const { before, ring } = await changeRing(path, opener, (current) => removeKey(current, { kid }));
  const key = keyWith(before, kid);
  return changed(ring, before, key === undefined ? '' : `Removed the ${describeKey(key)}.`);
}

/** Reads a JSON text. The error does not quote it, as V8's would: it holds keys. */
async function readJson({ terminal }: Context): Promise<unknown> {
  const text = await terminal.readInput(RING_FILE_BYTES_MAX);
  try {
    return JSON.parse(text);
  } catch {
    throw failure('The piped input is not JSON.');
  }
}
