import { open } from 'node:fs/promises';
import { codeOf } from '../../keys/file/ring-file.ts';
import type { KeyWrapper } from '../../keys/seal/key-wrapper.ts';
import type { RingOpener } from '../../keys/seal/ring-opener.ts';
import { SECRET_FILE_BYTES_MAX } from '../../limits/cli.ts';
import { KEY_BYTES } from '../../limits/keys.ts';
import type { Context } from '../commands/command.ts';
import { failure, usageError } from '../shell/exit.ts';
import { exported } from '../shell/import-module.ts';
import { OPENERS } from '../config/setting-names.ts';

/** Returns the opener of the ring: the named one, else one that a person types. */
export async function openerOf(context: Context): Promise<RingOpener> {
  const [opener, ...others] = await named(context);
  if (others.length > 0)
    throw usageError('One of --passphrase-file, --kek-file, --wrapper and $HOLDFAST_PASSPHRASE is enough.');
  return opener ?? (await passphraseOf(context, false));
}

/** Returns the openers of a new ring: the named ones, else a passphrase. */
export async function newOpenersOf(context: Context): Promise<readonly RingOpener[]> {
  const openers = [...(await named(context)), ...(await recipientsOf(context))];
  return openers.length > 0 ? openers : [await passphraseOf(context, true)];
}

/** Returns the openers of --to-…, else a passphrase that a person makes up now. */
export async function otherOpenersOf(context: Context): Promise<readonly RingOpener[]> {
  const openers = await recipientsOf(context);
  if (openers.length > 0) return openers;
  if (!context.terminal.isInteractive) {
    throw usageError('Name the new openers: --to-passphrase-file, --to-kek-file or --to-wrapper.');
  }
  return [await askNewPassphrase(context, 'New passphrase')];
}

async function named({ settings }: Context): Promise<RingOpener[]> {
  const { passphraseFile, kekFile, wrapper, passphrase } = settings.together(OPENERS);
  const read = await Promise.all([
    ...texts(passphraseFile).map(passphraseIn),
    ...texts(kekFile).map(kekIn),
    ...(wrapper === undefined ? [] : [wrapperIn(wrapper)]),
  ]);
  return [...read, ...texts(passphrase).map((text) => ({ passphrase: text }))];
}

async function recipientsOf({ args }: Context): Promise<RingOpener[]> {
  return Promise.all([
    ...args.list('to-passphrase-file').map(passphraseIn),
    ...args.list('to-kek-file').map(kekIn),
    ...args.list('to-wrapper').map(wrapperIn),
  ]);
}

async function passphraseOf(context: Context, isNew: boolean): Promise<RingOpener> {
  if (!context.terminal.isInteractive) {
    throw usageError('Nothing opens the ring: give --passphrase-file, --kek-file, --wrapper or $HOLDFAST_PASSPHRASE.');
  }
  if (isNew) return askNewPassphrase(context, 'Passphrase for the new ring');
  return { passphrase: await context.terminal.ask('Passphrase of the key ring: ', { hidden: true }) };
}

/** Asks twice, since the passphrase is not shown, and a ring that does not open is lost. */
async function askNewPassphrase({ terminal }: Context, what: string): Promise<RingOpener> {
  const passphrase = await terminal.ask(`${what} (at least 16 characters): `, { hidden: true });
  const again = await terminal.ask('Once more: ', { hidden: true });
  if (again !== passphrase) throw failure('The two passphrases differ. Nothing was written.');
  return { passphrase };
}

async function passphraseIn(path: string): Promise<RingOpener> {
  return { passphrase: await readSecretText(path) };
}

async function kekIn(path: string): Promise<RingOpener> {
  const bytes = await readSecret(path);
  if (bytes.length === KEY_BYTES) return { kek: bytes };
  const text = bytes.toString('latin1').trim();
  const kek = /^[\w-]{43}=?$/.test(text) ? Buffer.from(text, 'base64url') : undefined;
  if (kek?.length !== KEY_BYTES) throw failure(`${path} must hold ${KEY_BYTES} bytes, raw or in base64url.`);
  return { kek };
}

async function wrapperIn(given: unknown): Promise<RingOpener> {
  // A `KeyWrapper` is checked where it is used.
  return { wrapper: (await exported(given, 'wrapper', 'a KeyWrapper')) as KeyWrapper };
}

/** Reads a passphrase or a password, without the line break that editors put at the end of a file. */
export async function readSecretText(path: string): Promise<string> {
  return (await readSecret(path)).toString('utf8').replace(/\r?\n$/, '');
}

async function readSecret(path: string): Promise<Buffer> {
  const target = Buffer.alloc(SECRET_FILE_BYTES_MAX + 1);
  try {
    await using file = await open(path, 'r');
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(target, length, target.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length <= SECRET_FILE_BYTES_MAX) return target.subarray(0, length);
  } catch (error) {
    throw failure(`The file ${path} could not be read (${codeOf(error)}).`);
  }
  throw failure(`The file ${path} is longer than ${SECRET_FILE_BYTES_MAX} bytes.`);
}

function texts(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}
