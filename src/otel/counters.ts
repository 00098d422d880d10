import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import {
  audit,
  backgroundFailure,
  callEnd,
  envelopeRejected,
  keysChange,
  revocationLost,
  storeOutcome,
  sweepPass,
  tierChange,
  type BackgroundFailure,
} from '../telemetry/channels.ts';
import { attributesOf } from './attributes.ts';
import { METRICS, type Metric } from './metrics.ts';
import type { Subscriptions } from './subscriptions.ts';

const TIERS = ['primary', 'durable'] as const;
const WORKS = Object.keys({
  feed: 0,
  import: 0,
  revocation: 0,
  'session-limit': 0,
  sweep: 0,
  touch: 0,
} satisfies Record<BackgroundFailure['work'], 0>);
/** The reasons that a count of rejected envelopes is shown for before there is one. */
const ALARMING = ['malformed', 'rolled-back', 'tampered'] as const;

/** Counts what the channels publish. */
export class Counters {
  readonly #meter: Meter;
  readonly #calls: Histogram;
  readonly #sweeps: Histogram;

  constructor(meter: Meter) {
    this.#meter = meter;
    this.#calls = this.#histogram(METRICS.calls);
    this.#sweeps = this.#histogram(METRICS.sweeps);
  }

  subscribe(subscriptions: Subscriptions): void {
    const changes = this.#counter(METRICS.tierChanges);
    const rings = this.#counter(METRICS.ringChanges);
    const dropped = this.#counter(METRICS.dropped);
    const swept = this.#counter(METRICS.swept);
    subscriptions.add(callEnd, (call) =>
      this.#calls.record(call.durationMs / 1_000, attributesOf(METRICS.calls, call)),
    );
    subscriptions.add(tierChange, (change) => changes.add(change.changes, attributesOf(METRICS.tierChanges, change)));
    subscriptions.add(keysChange, (change) => rings.add(1, attributesOf(METRICS.ringChanges, change)));
    subscriptions.add(storeOutcome, (outcome) => dropped.add(1, attributesOf(METRICS.dropped, outcome)));
    subscriptions.add(sweepPass, ({ durationMs, removed }) => {
      this.#sweeps.record(durationMs / 1_000);
      swept.add(removed);
    });
    this.#countAlarms(subscriptions);
    this.#countAudit(subscriptions);
  }

  /** Counts what alerts ask for. These counts begin with 0: a series that begins with 1 has no increase. */
  #countAlarms(subscriptions: Subscriptions): void {
    const lost = this.#counter(METRICS.lost);
    const rejected = this.#counter(METRICS.rejected);
    const failures = this.#counter(METRICS.failures);
    lost.add(0);
    for (const work of WORKS) failures.add(0, attributesOf(METRICS.failures, { work }));
    for (const tier of TIERS)
      for (const reason of ALARMING) rejected.add(0, attributesOf(METRICS.rejected, { tier, reason }));
    subscriptions.add(backgroundFailure, (failure) => failures.add(1, attributesOf(METRICS.failures, failure)));
    subscriptions.add(revocationLost, () => lost.add(1));
    subscriptions.add(envelopeRejected, (rejection) => rejected.add(1, attributesOf(METRICS.rejected, rejection)));
  }

  #countAudit(subscriptions: Subscriptions): void {
    const begun = this.#counter(METRICS.begun);
    const ended = this.#counter(METRICS.ended);
    const madeUp = this.#counter(METRICS.madeUp);
    subscriptions.add(audit, (event) => {
      if (event.event === 'ended') ended.add(event.count, attributesOf(METRICS.ended, event));
      else if (event.event !== 'refused') begun.add(1, attributesOf(METRICS.begun, event));
      // Envelopes are counted by their own channel.
      else if (event.reason === 'made-up') madeUp.add(event.count, attributesOf(METRICS.madeUp, event));
    });
  }

  #counter({ name, unit, description }: Metric): Counter {
    return this.#meter.createCounter(name, { unit, description });
  }

  #histogram({ name, unit, description, boundaries = [] }: Metric): Histogram {
    return this.#meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: [...boundaries] },
    });
  }
}
