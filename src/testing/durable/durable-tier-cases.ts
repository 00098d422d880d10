import type { DurableTierCase } from './bed.ts';
import { clearCases } from './feed/clear.ts';
import { markCases } from './feed/marks.ts';
import { nodeCases, ringCases } from './fleet/fleet.ts';
import { nameCases, reportCases } from './fleet/masters.ts';
import { namespaceCases, openingCases } from './opening.ts';
import { deadlineCases, touchCases } from './sessions/deadlines.ts';
import { insertCases } from './sessions/insert.ts';
import { knownEnvelopeCases } from './sessions/known-envelopes.ts';
import { lateWriteCases } from './sessions/late-writes.ts';
import { regenerateCases } from './sessions/regenerate.ts';
import { listByUserCases, revokeManyCases } from './sessions/revoke-many.ts';
import { revokeCases } from './sessions/revoke.ts';
import { sharedCallCases } from './sessions/shared-calls.ts';
import { updateCases } from './sessions/update.ts';
import { claimCases, endedCases } from './upkeep/sweep.ts';
import { userKeyCases, walkCases } from './upkeep/walk.ts';

/** Every promise of `DurableTier`, for whatever claims to be one. Cases may share a database, and run in any order. */
export const durableTierCases: readonly DurableTierCase[] = [
  ...openingCases,
  ...namespaceCases,
  ...insertCases,
  ...knownEnvelopeCases,
  ...updateCases,
  ...deadlineCases,
  ...touchCases,
  ...regenerateCases,
  ...revokeCases,
  ...revokeManyCases,
  ...listByUserCases,
  ...sharedCallCases,
  ...lateWriteCases,
  ...markCases,
  ...clearCases,
  ...ringCases,
  ...nodeCases,
  ...nameCases,
  ...reportCases,
  ...walkCases,
  ...userKeyCases,
  ...endedCases,
  ...claimCases,
];
