import { TierFailure } from '../../../errors.ts';
import type { TierContext } from '../../context.ts';
import type { ServerOptions } from '../options/topology.ts';
import type { ScriptedRedis } from './client-settings.ts';
import { InFlight, type Rejectable } from './in-flight.ts';
import { ReconnectingClient } from './reconnecting-client.ts';

export interface LinkEvents {
  /** A connection is up, and the server took user and password. */
  onReady(): void;
  /** The connection, or the attempt to make one, has ended. Another attempt follows by itself. */
  onEnd(failure: TierFailure): void;
}

/**
 * The way to a server, whatever server answers there: sends commands, gives up those that are late, and connects again after a
 * connection has ended. Everything it rejects with is a `TierFailure`.
 */
export class RedisLink {
  readonly #client: ReconnectingClient;
  readonly #inFlight: InFlight;
  readonly #events: LinkEvents;
  #epoch = 0;

  constructor(options: ServerOptions, context: TierContext, events: LinkEvents) {
    this.#events = events;
    this.#inFlight = new InFlight(context, () => this.reject(new TierFailure('ambiguous', 'silent')));
    this.#client = new ReconnectingClient(options, context.platform, {
      // A server that froze during the handshake says nothing more, and there is no command to give up yet.
      onConnect: () => this.#inFlight.expectAnswer(),
      onReady: () => {
        this.#inFlight.noteAnswer();
        events.onReady();
      },
      onEnd: (failure) => this.#end(failure),
    });
  }

  /** Numbers the connections: an answer of an earlier one says nothing about the server of this one. */
  get epoch(): number {
    return this.#epoch;
  }

  get isReady(): boolean {
    return this.#client.isReady;
  }

  /** The failure of the present connection. */
  get attemptFailure(): TierFailure | null {
    return this.#client.attemptFailure;
  }

  /** The reason why there is no server to use. */
  get lastFailure(): TierFailure | null {
    return this.#client.lastFailure;
  }

  get redis(): ScriptedRedis {
    return this.#client.redis;
  }

  connect(): void {
    this.#client.connect();
  }

  /** Throws unless a connection is up. */
  requireReady(): void {
    if (!this.isReady) throw this.unreachable();
  }

  /** The failure of a command that cannot be sent. Its reason is why: "not connected" would hide an expired certificate. */
  unreachable(): TierFailure {
    const { reason, advice } = this.lastFailure ?? { reason: 'not-connected' };
    return new TierFailure('not-sent', reason, advice);
  }

  /** Sends one command, and rejects if it is not answered within the time-out. */
  ask<T>(send: (redis: ScriptedRedis) => Promise<T>): Promise<T> {
    return this.#inFlight.bounded(() => send(this.redis));
  }

  /** Starts the time of this batch. */
  begin(batch: Rejectable): void {
    this.#inFlight.begin(batch);
  }

  /** The milliseconds for which this batch has waited; undefined once it is settled. */
  waited(batch: Rejectable): number | undefined {
    return this.#inFlight.waited(batch);
  }

  /** Settles a batch that has begun as its command is answered, or fails. */
  follow<T>(batch: Rejectable, send: () => Promise<T>, settle: (answer: T) => void): void {
    void this.#inFlight.follow(batch, send, settle);
  }

  /** Notes that the server is fit to serve. */
  accept(): void {
    this.#client.accept();
  }

  /** Notes what is wrong with the present connection. */
  remember(failure: TierFailure): void {
    this.#client.remember(failure);
  }

  /** Gives the connection up; another attempt follows. The name may lead to another server by then. */
  drop(): void {
    this.#client.drop();
  }

  /** Gives the connection up for this failure. */
  reject(failure: TierFailure): void {
    this.remember(failure);
    this.drop();
  }

  /** Ends the connection; no attempt follows. */
  close(): void {
    this.#client.close();
    this.#end(new TierFailure('not-sent', 'closed'));
  }

  #end(failure: TierFailure): void {
    this.#epoch += 1;
    this.#inFlight.noteAnswer();
    this.#events.onEnd(failure);
  }
}
