import { TierFailure } from '../../../errors.ts';
import type { Endpoint } from '../options/topology.ts';

/** The answer of a node that does not have the key: where to ask. It never leaves the tier. */
export class Redirection extends TierFailure {
  readonly slot: number;
  /** The host is empty where the node does not know its own: it is then that of the node that was asked. */
  readonly target: Endpoint;

  constructor(kind: 'ASK' | 'MOVED', slot: number, target: Endpoint) {
    super('rejected', kind);
    this.slot = slot;
    this.target = target;
  }

  /** True if only this key is elsewhere, because its slot is on the move. */
  get isAsk(): boolean {
    return this.reason === 'ASK';
  }
}

/** `MOVED 3999 127.0.0.1:6381`. An address of IPv6 holds colons and has no brackets, so the port begins after the last. */
const REDIRECTION = /^(ASK|MOVED) (\d{1,5}) (.*):(\d{1,5})$/;

/** Returns the redirection that this error of a reply is; null if it is none. */
export function redirectionIn(error: unknown): Redirection | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  const [, kind, slot, host = '', port] = REDIRECTION.exec(error.message) ?? [];
  if (kind === undefined) return null;
  return new Redirection(kind as 'ASK' | 'MOVED', Number(slot), { host, port: Number(port) });
}
