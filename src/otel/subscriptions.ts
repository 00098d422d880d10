import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FactChannel } from '../telemetry/channels.ts';

/** The subscriptions of one `observeSessions`, which end together. */
export class Subscriptions {
  readonly #endings: (() => void)[] = [];

  add<Message>({ name }: FactChannel<Message>, receive: (message: Message) => void): void {
    const onMessage = (message: unknown): void => receive(message as Message);
    subscribe(name, onMessage);
    this.#endings.push(() => void unsubscribe(name, onMessage));
  }

  end(): void {
    for (const end of this.#endings.splice(0)) end();
  }
}
