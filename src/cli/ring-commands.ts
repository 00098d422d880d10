import { KeyRing } from '../keys/key-ring.ts';
import { rewrapKeyRingFile } from '../keys/ring-file-change.ts';
import { addKey, generateKeyRing, removeKey, revokeKey } from '../keys/rotation.ts';
import { RING_FILE_BYTES_MAX } from '../limits.ts';
import type { Command, Context, Outcome } from './command.ts';
import { failure, refusing, usageError } from './exit.ts';
import { chosenKid, confirm, keyWith } from './key-choice.ts';
import { newOpenersOf, openerOf, otherOpenersOf } from './openers.ts';
import { RECIPIENT_OPTIONS, RING_OPTIONS } from './options.ts';
import { changed, describeKey, documentOf, textOf } from './ring-document.ts';
import { changeRing, requireNoFile, ringPathOf } from './ring-files.ts';

export const PURPOSES = ['data', 'index'] as const;
const SUITES = ['XAES-256-GCM', 'A256GCM'] as const;

/** Commands that need the ring file and nothing else. */
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
    details: ['Never shows key material.'],
    options: RING_OPTIONS,
    async run(context) {
      const ring = await KeyRing.open(ringPathOf(context), await openerOf(context));
      return { document: documentOf(ring), text: textOf(ring, context.terminal) };
    },
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
    name: 'keys revoke',
    summary: 'Refuse a key at once, for one that leaked',
    details: ['Sessions that it seals cannot be read any more: their users have to sign in again.'],
    options: [...RING_OPTIONS, 'kid', 'yes'],
    run: (context) =>
      changeOneKey(context, revokeKey, {
        consequence: 'Sessions that this key seals will be refused by every node.',
        done: 'Revoked',
      }),
  },
  {
    name: 'keys remove',
    summary: 'Drop a retired or revoked key with its material',
    details: ['For good: what it sealed, in backups too, is unreadable once no copy of an older ring is left.'],
    options: [...RING_OPTIONS, 'kid', 'yes'],
    run: (context) =>
      changeOneKey(context, removeKey, {
        consequence: 'The material of this key will be gone, and with it whatever backups hold under it.',
        done: 'Removed',
      }),
  },
  {
    name: 'keys seal',
    summary: 'Seal a plain JWK Set from stdin into a new ring file',
    details: ['The set has the form that docs/reference/key-ring.md describes. It is never printed.'],
    options: [...RING_OPTIONS, ...RECIPIENT_OPTIONS],
    async run(context) {
      if (!context.terminal.isInputPiped) throw usageError('Pipe the JWK Set in: holdfast keys seal … < jwks.json');
      return create(context, await KeyRing.fromJwks(await readJson(context)));
    },
  },
  {
    name: 'keys rewrap',
    summary: 'Seal the ring for other passphrases or keys',
    details: [
      'The keys in it, its version and the sessions stay as they are.',
      'It is sealed for those of --to-… and nobody else.',
      'Older copies of the file still open as they did: delete them.',
    ],
    options: [...RING_OPTIONS, ...RECIPIENT_OPTIONS],
    async run(context) {
      const path = ringPathOf(context);
      const from = await openerOf(context);
      // Before somebody makes up a passphrase for a ring that does not open.
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

async function create(context: Context, ring: KeyRing): Promise<Outcome> {
  const path = ringPathOf(context);
  await requireNoFile(path);
  await ring.save(path, await newOpenersOf(context), context.platform);
  return {
    document: { changed: true, ...documentOf(ring) },
    text: `Saved to ${path}.\n\n${textOf(ring, context.terminal)}`,
  };
}

interface OneKeyChange {
  readonly consequence: string;
  readonly done: string;
}

async function changeOneKey(
  context: Context,
  change: (ring: KeyRing, choice: { readonly kid: string }) => KeyRing,
  { consequence, done }: OneKeyChange,
): Promise<Outcome> {
  const path = ringPathOf(context);
  const opener = await openerOf(context);
  const present = await KeyRing.open(path, opener);
  const kid = chosenKid(present, context);
  // Tried first: nobody is asked about what would be refused, or has been done.
  const isToDo = (await refusing(() => change(present, { kid }))) !== present;
  if (isToDo) await confirm(context, kid, consequence);
  const { before, ring } = await changeRing(path, opener, (current) => change(current, { kid }));
  const key = keyWith(before, kid);
  return changed(ring, before, key === undefined ? '' : `${done} the ${describeKey(key)}.`);
}

/** V8 quotes the text that it could not parse; this text holds keys. */
async function readJson({ terminal }: Context): Promise<unknown> {
  const text = await terminal.readInput(RING_FILE_BYTES_MAX);
  try {
    return JSON.parse(text);
  } catch {
    throw failure('What is piped in is not JSON.');
  }
}
