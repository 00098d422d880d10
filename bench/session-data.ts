import type { DeepReadonly } from '../src/client/data/plain-data.ts';

/** What a shop keeps in a session; about 0.8 KB of JSON. Every store keeps the same. */
export interface SessionData {
  userId: string;
  visits: number;
  csrfToken: string;
  preferences: { theme: 'dark' | 'light'; language: string; currency: string; newsletter: boolean };
  cart: { sku: string; title: string; quantity: number; cents: number }[];
  lastPages: string[];
}

/** The visits of a new session; from here on, so that counting up does not change the size. */
const FIRST_VISITS = 100_000;

/** Looks into what was read, so that nobody who puts off reading it is faster for that. */
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
