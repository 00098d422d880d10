import type { Subject } from '../http/support/subject.ts';
import { http1 } from '../http/support/transport.ts';
import { NextSite } from './next-site.ts';

/** A built site, each node of which is a process of `next start`. */
export const next: Subject = {
  name: 'Next',
  waits: true,
  async start({ servers }) {
    if (servers === undefined) throw new Error('Next runs in a process of its own: it needs the servers');
    const site = await NextSite.start(servers);
    return { origin: site.url, transport: http1, close: () => site[Symbol.asyncDispose]() };
  },
};
