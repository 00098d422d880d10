// The public interface, written by "npm run api". Review a change of it as a change of the package.

import { MeterProvider, TracerProvider } from "@opentelemetry/api";

export type { ObservedClient };

interface ObservedClient {
  readonly namespace: string;
  health(): Promise<{
    readonly primary: TierHealth;
    readonly durable: TierHealth;
    readonly keys: TierHealth & {
      readonly ring?: number;
      readonly sealingKeySince?: Date;
    };
  }>;
}

export interface ObserveOptions {
  readonly sessions: ObservedClient | readonly ObservedClient[];
  readonly meterProvider?: MeterProvider;
  readonly tracerProvider?: TracerProvider;
}

export declare function observeSessions(options: ObserveOptions): () => void;
