import { orInterrupted, withClient } from './client-module.ts';
import type { Command } from './command.ts';
import { confirmBy } from '../ring/key-choice.ts';

export const destroyAllCommand: Command = {
  name: 'destroy-all',
  summary: 'End every session: everybody has to sign in again',
  details: [
    'For stores that an attacker may have written to: the sessions in them end, and stay ended.',
    'Needs no key, so it also ends sessions that no ring opens any more.',
  ],
  options: ['client', 'yes'],
  async run(context) {
    context.args.required('client');
    await confirmBy(context, 'everybody', 'Everybody will have to sign in again.');
    const destroyed = await withClient(context, (sessions) => orInterrupted(context.signal, sessions.destroyAll()));
    return { document: { destroyed }, text: `${destroyed} sessions ended.` };
  },
};
