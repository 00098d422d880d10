import {
  type AnyHoldfastError,
  type DeepReadonly,
  isHoldfastError,
  type KeyRing,
  type Session,
  SessionClient,
  type SessionRef,
  type StandardSchema,
} from '../../src/index.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../src/tiers/memory/index.ts';

interface Shop {
  cart: { sku: string; tags: string[] }[];
  theme?: 'dark' | 'light';
}

declare const keys: KeyRing;
declare const sessions: SessionClient<Shop>;
declare const session: Session<Shop>;
declare const seen: Date;

const tiers = { keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() };

// Data is read-only, at every depth.
session.data.cart[0]?.sku satisfies string | undefined;
// @ts-expect-error a list cannot grow
session.data.cart.push({ sku: 'A1', tags: [] });
// @ts-expect-error nor can one inside of it
session.data.cart[0]?.tags.push('new');
// @ts-expect-error a property cannot be set
session.data.theme = 'dark';

// It may be stored again, whole or in parts.
void sessions.create(session.data);
void sessions.replace(session, { ...session.data, theme: 'dark' });
void sessions.update(session, () => session.data);
void sessions.regenerate(session, { data: session.data });

// A draft may be changed.
void sessions.update(session, (draft) => void draft.cart.push({ sku: 'A1', tags: [] }));
void sessions.update(session, async ({ cart }) => ({ cart: cart.slice(1) }));
// @ts-expect-error what push returns is no data
void sessions.update(session, ({ cart }) => cart.push({ sku: 'A1', tags: [] }));
// @ts-expect-error nor is what splice returns
void sessions.update(session, ({ cart }) => cart.splice(0, 1));

// A session in hand is taken wherever an id is.
void sessions.touch(session);
void sessions.destroy(session.id);
void sessions.destroyByUser('u_42', { except: session });
void sessions.update(session, () => undefined, { userId: null, label: 'Phone', lifetime: { absolute: '1h' } });
session satisfies SessionRef<Shop>;
// @ts-expect-error a look-alike is not
void sessions.destroy({ id: session.id });
// @ts-expect-error nor is a session of other data
void sessions.update(null as unknown as Session<{ basket: string[] }>, () => undefined);

// Code that is generic over the data can write, read and pass on.
export async function carry<T>(client: SessionClient<T>, data: T): Promise<DeepReadonly<T>> {
  const created = await client.create(data);
  const updated = await client.update(created, (draft) => draft);
  for await (const stored of client.all()) stored.data satisfies DeepReadonly<T>;
  return (await client.get(updated.id))?.data ?? (await client.replace(updated, created.data)).data;
}

// A schema gives `create` its input and `session.data` its output.
declare const schema: StandardSchema<{ cart?: string[] }, { cart: string[] }>;
const defaulted = new SessionClient({ ...tiers, schema });
void defaulted.create({});
void defaulted.create({ cart: ['A1'] });
// @ts-expect-error what is given is checked
void defaulted.create({ cart: [1] });
export const carts: Promise<readonly (readonly string[])[]> = defaulted.create({}).then(({ data }) => [data.cart]);
void defaulted.update(session.id, ({ cart }) => void cart.push('A1'));
void defaulted.update(session.id, () => ({}));
// The output may be said alone; then that is what `create` takes.
const strict = new SessionClient<{ cart: string[] }>({ ...tiers, schema });
void strict.create({ cart: [] });
// @ts-expect-error cart is missing
void strict.create({});

// What has methods of its own is left as it is.
seen satisfies DeepReadonly<Date>;
export const set: DeepReadonly<{ ids: Set<string> }> = { ids: new Set(['A1']) };
export const anything: DeepReadonly<unknown> = 7;

// Errors are one union, distinguished by their code.
export function reason(error: unknown): string | undefined {
  if (!isHoldfastError(error)) return undefined;
  error satisfies AnyHoldfastError;
  return error.code === 'HOLDFAST_TIER_UNAVAILABLE' ? error.reason : error.help;
}
