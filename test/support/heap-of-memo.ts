import { randomBytes } from 'node:crypto';
import { Memo } from '../../src/codec/memo.ts';
import { jsonSerializer } from '../../src/codec/serializer.ts';
import { SessionData } from '../../src/client/data/session-data.ts';
import { systemPlatform } from '../../src/platform/platform.ts';

/**
 * Lets a memo remember sessions of many shapes, and prints as JSON what it counts for each session and what the process really needed.
 * Runs with --expose-gc.
 */
const SESSIONS = 1_000;
const KEY_ID = randomBytes(8);
const many = <V>(count: number, make: (at: number) => V): V[] => Array.from({ length: count }, (_, at) => make(at));

const SHAPES: Readonly<Record<string, (n: number) => unknown>> = {
  'a shop': (n) => ({
    userId: `u_${n}`,
    visits: n,
    csrfToken: String(n).padStart(43, 'Q'),
    preferences: { theme: 'dark', language: 'en-GB', currency: 'EUR', newsletter: false },
    cart: many(7, (at) => ({ sku: `SKU-${at}-${n}`, title: `Velvet lantern ${at}`, quantity: at, cents: 1_999 })),
    lastPages: many(5, (at) => `/lighting/velvet-lantern/${at}`),
  }),
  'almost nothing': (n) => ({ n }),
  'whole numbers': (n) => many(200, (at) => at + n),
  'fractions and times': (n) => many(100, (at) => (at % 2 === 0 ? at + 0.5 : 1.7e12 + n)),
  'many objects of one shape': (n) => many(50, (at) => ({ sku: `S${at}`, quantity: at + n, price: 9.95 })),
  'empty objects': () => many(100, () => ({})),
  'empty arrays': () => many(100, () => []),
  'keys of its own': (n) => Object.fromEntries(many(20, (at) => [`sku-${at}-${n}`, at])),
  'one key of its own': (n) => ({ [`sku-${n}`]: 1 }),
  'objects with keys of their own': (n) => many(10, (at) => ({ [`a-${at}-${n}`]: 1, [`b-${at}-${n}`]: 2 })),
  'very many keys of its own': (n) => Object.fromEntries(many(300, (at) => [`sku-${at}-${n}`, at])),
  'keys that are numbers': (n) => Object.fromEntries(many(30, (at) => [String(at * 1_000 + n), at])),
  'short texts': (n) => many(50, (at) => `s${at}-${n}`),
  'a long text': (n) => `${'x'.repeat(2_000)}${n}`,
  'a long text beyond Latin-1': (n) => `${'é€'.repeat(500)}${n}`,
  'deep nesting': (n) => many(40, String).reduce<unknown>((inner) => ({ inner }), n),
};

process.stdout.write(JSON.stringify(Object.entries(SHAPES).map(([shape, make]) => measure(shape, make))));

function measure(shape: string, make: (n: number) => unknown): { shape: string; counted: number; used: number } {
  const memo = new Memo(systemPlatform, Number.MAX_SAFE_INTEGER);
  const data = new SessionData<unknown>(jsonSerializer, undefined, memo);
  const texts = many(SESSIONS, (n) => Buffer.from(JSON.stringify(make(n))));
  // What a first one needs is needed once.
  remember(memo, data, texts[0] as Buffer);
  memo.clear();
  const before = usedBytes();
  for (const text of texts) remember(memo, data, text);
  const used = (usedBytes() - before) / SESSIONS;
  const counted = memo.bytes / SESSIONS;
  memo.clear();
  return { shape, counted: Math.round(counted), used: Math.round(used) };
}

function remember(memo: Memo, data: SessionData<unknown>, text: Buffer): void {
  const now = Date.now();
  const storageKey = randomBytes(32);
  const record = memo.remember(storageKey, randomBytes(text.length + 90), {
    revision: 1,
    createdAt: now,
    absoluteExpiresAt: now + 1,
    idleLifetimeMs: 1,
    authenticatedAt: undefined,
    lineage: [KEY_ID],
    userId: 'u_42',
    label: undefined,
    schemaVersion: 0,
    data: text,
  });
  data.readNow({ storageKey, record, lastSeenAt: now, idleExpiresAt: now + 1, servedBy: 'durable' });
}

function usedBytes(): number {
  for (let n = 0; n < 3; n += 1) (globalThis as unknown as { gc(): void }).gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
