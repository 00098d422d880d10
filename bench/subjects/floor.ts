import { Redis } from 'ioredis';
import { Codec } from '../../src/codec/codec.ts';
import { PAYLOAD_BYTES_DEFAULT } from '../../src/limits/session.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import { decodeEntry } from '../../src/tiers/redis/entry-format.ts';
import { KeyNames } from '../../src/tiers/redis/key-names.ts';
import { cycle } from '../measure/in-parallel.ts';
import type { Subject } from '../measure/slice.ts';
import type { Servers } from '../servers.ts';
import { keyRing } from '../stores/holdfast.ts';
import { RingInUse } from '../../src/keys/ring/ring-in-use.ts';

const NAMESPACE = 'holdfast';

/** Does what every read needs: hash the id, GET over plain ioredis, open the envelope, parse the JSON. */
export async function openFloor(
  { redis }: Pick<Servers, 'redis'>,
  ids: readonly string[],
  resources: AsyncDisposableStack,
): Promise<Subject['call']> {
  const { host, port, username, password, ca = '' } = redis;
  const client = new Redis({ host, port, username, password, tls: { ca }, lazyConnect: true });
  resources.defer(() => client.disconnect());
  client.on('error', () => {});
  await client.connect();
  const keys = new KeyNames(NAMESPACE);
  const codec = new Codec({
    ringInUse: new RingInUse(keyRing),
    namespace: NAMESPACE,
    platform: systemPlatform,
    maxPayloadBytes: PAYLOAD_BYTES_DEFAULT,
  });
  const next = cycle(ids);
  return async () => {
    const storageKey = storageKeyOf(next());
    const entry = decodeEntry(await client.getBuffer(keys.session(storageKey)));
    if (entry.kind !== 'value') return false;
    return JSON.parse(codec.open(storageKey, entry.envelope).data.toString()) !== null;
  };
}
