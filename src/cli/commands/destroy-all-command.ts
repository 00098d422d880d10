import { orInterrupted, withClient } from './client-module.ts';
import type { Command } from './command.ts';
import { confirmBy } from '../ring/key-choice.ts';

export const destroyAllCommand: Command = {
  name: 'destroy-all',
  summary: 'End every session: everybody has to sign in again',
  details: [
    'For stores that somebody else may have written to: whatever they put there is dead, and stays dead.',
    'Needs no key, so it also ends what no ring opens any more.',
  ],
  options: ['client', 'yes'],
  async run(context) {
    context.args.required('client');
    await confirmBy(context, 'everybody', 'Everybody will have to sign in again.');
    const destroyed = await withClient(context, (sessions) => orInterrupted(context.signal, sessions.destroyAll()));
    return { document: { destroyed }, text: `${destroyed} sessions ended.` };
  },
};
