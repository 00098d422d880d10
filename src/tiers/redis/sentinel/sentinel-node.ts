import { TierFailure } from '../../../errors.ts';
import { SENTINEL_TIMEOUT_MS } from '../../../limits/sentinel.ts';
import type { TierContext } from '../../context.ts';
import { toTierFailure } from '../connection/failure.ts';
import { RedisLink } from '../connection/link.ts';
import type { ServerOptions } from '../options/topology.ts';
import type { NamedMaster } from './named-master.ts';
import { sentinelFailure, UNKNOWN_NAME } from './sentinel-failure.ts';

/** A permanent connection to one Sentinel. */
export class SentinelNode {
  readonly #name: string;
  readonly #link: RedisLink;
  #failure: TierFailure | null = null;
  /** Resolves once the first attempt to connect has succeeded or failed. */
  readonly #firstAttempt: Promise<void>;

  /** `name` is the one under which the Sentinels watch the master. `onReady` runs when the Sentinel can be asked again. */
  constructor(name: string, options: ServerOptions, context: TierContext, onReady: () => void) {
    this.#name = name;
    let attempted: () => void = () => {};
    this.#firstAttempt = new Promise((resolve) => (attempted = resolve));
    this.#link = new RedisLink(
      options,
      { ...context, timeoutMs: SENTINEL_TIMEOUT_MS },
      {
        onReady: () => {
          attempted();
          onReady();
        },
        onEnd: (failure) => {
          this.#failure = sentinelFailure(failure);
          attempted();
        },
      },
    );
  }

  /** The reason why the last question was not answered. Null if it was, and before the first. */
  get failure(): TierFailure | null {
    return this.#failure;
  }

  connect(): void {
    this.#link.connect();
  }

  /** Returns the master that this Sentinel names; null if it named none, or not in time. */
  async ask(): Promise<NamedMaster | null> {
    await this.#firstAttempt;
    if (!this.#link.isReady) return null;
    try {
      const named = await this.#askForMaster();
      this.#failure = null;
      this.#link.accept();
      return named;
    } catch (error) {
      this.#note(toTierFailure(error));
      return null;
    }
  }

  close(): void {
    this.#link.close();
  }

  /**
   * The epoch of one answer and the address of the other: while a fail-over is under way, SENTINEL MASTER already has the new epoch and
   * still the old address.
   */
  async #askForMaster(): Promise<NamedMaster> {
    const replies = await this.#link.ask((redis) =>
      redis
        .pipeline()
        .call('SENTINEL', 'MASTER', this.#name)
        .call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#name)
        .exec(),
    );
    const [fields, address] = (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    return namedMaster(fields, address);
  }

  /** A Sentinel whose answer a person has to mend is asked again on another connection, later. */
  #note(failure: TierFailure): void {
    this.#failure = sentinelFailure(failure);
    if (failure.kind === 'misconfigured' && failure.reason !== UNKNOWN_NAME) this.#link.reject(failure);
  }
}

function namedMaster(fields: unknown, address: unknown): NamedMaster {
  if (address === null) throw new TierFailure('misconfigured', UNKNOWN_NAME);
  const [host, port] = textsOf(address);
  const texts = textsOf(fields);
  const epoch = texts[texts.indexOf('config-epoch') + 1];
  const named = { host: host ?? '', port: Number(port), epoch: Number(epoch) };
  if (named.host !== '' && Number.isInteger(named.port) && Number.isSafeInteger(named.epoch)) return named;
  throw new TierFailure('ambiguous', 'reply');
}

function textsOf(reply: unknown): readonly (string | undefined)[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
