import type { WalkProgress } from '../../src/index.ts';
import type { RedisCoordinates } from './servers/redis.ts';

/** What a process of its own needs to be one more node of the fleet. Sent over IPC: it holds secrets. */
export interface RotationOrders {
  readonly redis: RedisCoordinates;
  readonly databaseUrl: string;
  readonly databaseCa: string;
  readonly namespace: string;
  readonly ringPath: string;
  /** Base64. */
  readonly kek: string;
}

export type ToRotationNode =
  | { readonly kind: 'start'; readonly orders: RotationOrders }
  /** Makes so many sessions, each with its number inside. */
  | { readonly kind: 'populate'; readonly from: number; readonly count: number }
  /** Reads and writes these sessions until a rest is ordered. */
  | { readonly kind: 'work'; readonly ids: readonly string[] }
  | { readonly kind: 'rest' }
  /** One read of each. */
  | { readonly kind: 'read'; readonly ids: readonly string[]; readonly consistency: 'bounded' | 'strong' }
  | { readonly kind: 'walk'; readonly cursor: string | undefined };

export type FromRotationNode =
  | { readonly kind: 'done'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'progress'; readonly progress: WalkProgress };

/** How the calls of a node's work ended. */
export interface WorkReport {
  readonly calls: number;
  /** Codes and reasons of those that failed, and how many of each. */
  readonly failures: Readonly<Record<string, number>>;
}
