import type { PrimaryTierCase } from './bed.ts';
import { evictCases, holdCases, tombstoneCases } from './ending.ts';
import { fillCases, leaseCases } from './filling.ts';
import { openingCases, shardCases, vantageCases } from './opening.ts';
import { publishCases } from './publish.ts';
import { restampCases } from './restamp.ts';
import { timeToLiveCases, valueCases } from './values.ts';

/** Every promise of `PrimaryTier`, for whatever claims to be one. Cases may share a server, and run in any order. */
export const primaryTierCases: readonly PrimaryTierCase[] = [
  ...openingCases,
  ...shardCases,
  ...vantageCases,
  ...valueCases,
  ...leaseCases,
  ...fillCases,
  ...publishCases,
  ...restampCases,
  ...evictCases,
  ...holdCases,
  ...tombstoneCases,
  ...timeToLiveCases,
];
