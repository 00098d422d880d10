import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AuditEvent } from '../telemetry/audit.ts';
import type {
  BackgroundFailure,
  CallEnd,
  EnvelopeRejected,
  KeysChange,
  RevocationLost,
  StoreOutcome,
  SweepPass,
  TierChange,
} from '../telemetry/channels.ts';

/** The messages of each channel. */
interface Messages {
  readonly 'holdfast:audit': AuditEvent;
  readonly 'holdfast:background-failure': BackgroundFailure;
  readonly 'holdfast:call': CallEnd;
  readonly 'holdfast:envelope-rejected': EnvelopeRejected;
  readonly 'holdfast:keys': KeysChange;
  readonly 'holdfast:revocation-lost': RevocationLost;
  readonly 'holdfast:store': StoreOutcome;
  readonly 'holdfast:sweep': SweepPass;
  readonly 'holdfast:tier-change': TierChange;
}

/** The subscriptions of one `observeSessions`, which end together. */
export class Subscriptions {
  readonly #endings: (() => void)[] = [];

  add<Name extends keyof Messages>(name: Name, receive: (message: Messages[Name]) => void): void {
    const onMessage = (message: unknown): void => receive(message as Messages[Name]);
    subscribe(name, onMessage);
    this.#endings.push(() => void unsubscribe(name, onMessage));
  }

  end(): void {
    for (const end of this.#endings.splice(0)) end();
  }
}
