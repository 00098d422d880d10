import { generateKeyRing } from '../../../src/keys/ring/rotation.ts';
import { describe, expect, it } from 'vitest';
import { Codec } from '../../../src/codec/codec.ts';
import { counterOf, MessageCounter } from '../../../src/codec/message-counter.ts';
import { KeyRingError } from '../../../src/errors.ts';
import { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import { A256GCM_MESSAGES_MAX, A256GCM_MESSAGES_WARN } from '../../../src/limits/codec.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { recordOf, STORAGE_KEY } from '../../support/sealing-fixtures.ts';
import { RingInUse } from '../../../src/keys/ring/ring-in-use.ts';

async function codecOf(suite: 'A256GCM' | 'XAES-256-GCM'): Promise<Codec> {
  const ring = await generateKeyRing({ suite });
  return new Codec({
    ringInUse: new RingInUse(ring),
    namespace: 'shop',
    platform: systemPlatform,
    maxPayloadBytes: 1024,
  });
}

describe('counting the messages of an A256GCM key', () => {
  it('is near the limit from 2^31 messages on', () => {
    const counter = new MessageCounter(A256GCM_MESSAGES_WARN - 1);
    expect(counter.nearLimit).toBe(false);
    counter.count();
    expect(counter.nearLimit).toBe(true);
  });

  it('seals message 2^32 and refuses the next, for ever', () => {
    const counter = new MessageCounter(A256GCM_MESSAGES_MAX - 1);
    counter.count();
    expect(() => counter.count()).toThrow(KeyRingError);
    expect(() => counter.count()).toThrow('promote another key');
    expect(counter.sealed).toBe(2 ** 32);
  });

  it('counts what codecs seal under one kid together, even after the ring was loaded anew', async () => {
    const ringInUse = new RingInUse(await generateKeyRing({ suite: 'A256GCM' }));
    const codec = new Codec({ ringInUse, namespace: 'shop', platform: systemPlatform, maxPayloadBytes: 1024 });
    codec.seal(STORAGE_KEY, recordOf());
    ringInUse.replace(KeyRing.fromJwks(codec.ring.toJwks()));
    codec.seal(STORAGE_KEY, recordOf());
    expect(counterOf(codec.ring.sealingKey.kid).sealed).toBe(2);
    expect(codec.nearMessageLimit).toBe(false);
  });

  it('does not count under XAES-256-GCM, which has no such limit', async () => {
    const codec = await codecOf('XAES-256-GCM');
    codec.seal(STORAGE_KEY, recordOf());
    expect(counterOf(codec.ring.sealingKey.kid).sealed).toBe(0);
    expect(codec.nearMessageLimit).toBe(false);
  });
});
