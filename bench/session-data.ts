import type { DeepReadonly } from '../src/client/data/plain-data.ts';

/** The session of a shop, about 0.8 KB of JSON. Every store keeps the same. */
export interface SessionData {
  userId: string;
  visits: number;
  csrfToken: string;
  preferences: { theme: 'dark' | 'light'; language: string; currency: string; newsletter: boolean };
  cart: { sku: string; title: string; quantity: number; cents: number }[];
  lastPages: string[];
}

/** The visits of a new session. Counting up from here does not change the size. */
const FIRST_VISITS = 100_000;

/** Reads the data, so that no store gains by reading it lazily. */
export function isWhole(data: DeepReadonly<SessionData> | null): boolean {
  return data !== null && data.visits >= FIRST_VISITS;
}

const ITEMS = [
  'Velvet lantern',
  'Copper kettle',
  'Walnut tray',
  'Linen throw',
  'Brass bell',
  'Glass carafe',
  'Ceramic bowl',
];

export function newSessionData(n: number): SessionData {
  return {
    userId: `u_${n}`,
    visits: FIRST_VISITS,
    csrfToken: String(n).padStart(43, 'Q'),
    preferences: { theme: n % 2 === 0 ? 'dark' : 'light', language: 'en-GB', currency: 'EUR', newsletter: false },
    cart: ITEMS.map((title, at) => ({ sku: `SKU-${at}-${n % 1_000}`, title, quantity: 1 + at, cents: 1_999 })),
    lastPages: [
      '/lighting/velvet-lantern',
      '/kitchen/copper-kettle',
      '/checkout/address',
      '/account/orders',
      '/offers/autumn',
    ],
  };
}
