import { expect, it } from 'vitest';
import { REVALIDATE_AFTER_MS_MAX } from '../../../../../src/limits/primary-tier.ts';
import { MovedSlots } from '../../../../../src/tiers/redis/cluster/moved-slots.ts';
import { slotOf } from '../../../../../src/tiers/redis/cluster/slot.ts';
import { FakePlatform } from '../../../../support/fake-platform.ts';

it('a copy in a slot that has moved is doubted if its stamp is from before, and for as long as that could be believed', async () => {
  const platform = new FakePlatform();
  const moved = new MovedSlots(platform);
  expect(moved.isDoubtful('shop:s:a', 5)).toBe(false);
  moved.note(slotOf('shop:s:a'), 1_000);
  expect(moved.isDoubtful('shop:s:a', 1_000)).toBe(true);
  expect(moved.isDoubtful('shop:s:a', 1_001)).toBe(false);
  expect(moved.isDoubtful('shop:s:b', 1_000)).toBe(false);
  await platform.advance(REVALIDATE_AFTER_MS_MAX);
  moved.prune();
  expect(moved.isDoubtful('shop:s:a', 1_000)).toBe(true);
  await platform.advance(1);
  moved.prune();
  expect(moved.isDoubtful('shop:s:a', 1_000)).toBe(false);
});

it('every copy from before a gap in which nobody looked is doubted, for as long', async () => {
  const platform = new FakePlatform();
  const moved = new MovedSlots(platform);
  moved.noteAll(1_000);
  expect([1_000, 1_001].map((at) => moved.isDoubtful('shop:s:a', at))).toEqual([true, false]);
  await platform.advance(REVALIDATE_AFTER_MS_MAX + 1);
  moved.prune();
  expect(moved.isDoubtful('shop:s:a', 1_000)).toBe(false);
});
