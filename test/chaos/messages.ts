import type { DatabaseOrders } from './database/fleet-database.ts';
import type { RedisOrders } from './redis/fleet-redis.ts';
import type { Stall } from './stalls.ts';

/** What a process needs to be a node of the fleet. Sent over IPC: it holds secrets. */
export interface NodeOrders {
  readonly name: string;
  /** Distinguishes the nodes of one run; the sessions that it creates are numbered from it. */
  readonly number: number;
  readonly seed: number;
  readonly jwks: unknown;
  /** Through the node's own proxies. */
  readonly redis: RedisOrders;
  /** Through the node's own proxy. */
  readonly database: DatabaseOrders;
  readonly revalidateAfterMs: number;
  /** The file of the node's calls and their answers. */
  readonly journal: string;
}

/** The news that nodes exchange about the sessions they share. */
export interface News {
  readonly session: number;
  readonly id?: string;
  readonly userId?: string | null;
  readonly isOver?: boolean;
}

/** The library's own word on when it lost a tier and found it again. */
export interface TierEvent {
  readonly at: number;
  readonly node: string;
  readonly tier: string;
  readonly state: string;
  readonly reason: string;
}

export interface NodeReport {
  readonly events: readonly TierEvent[];
  readonly stalls: readonly Stall[];
}

/** Each is answered by the message of `FromNode` that is named after it, except `learn` and `skew`. */
export type ToNode =
  | { readonly kind: 'start'; readonly orders: NodeOrders }
  | { readonly kind: 'work' }
  | { readonly kind: 'learn'; readonly news: News }
  | { readonly kind: 'skew'; readonly skewMs: number }
  | { readonly kind: 'rest' }
  | { readonly kind: 'look' }
  | { readonly kind: 'report' };

export type FromNode =
  | { readonly kind: 'start' | 'work' | 'rest' | 'look' }
  | { readonly kind: 'news'; readonly news: News }
  | ({ readonly kind: 'report' } & NodeReport)
  | { readonly kind: 'failed'; readonly message: string };
