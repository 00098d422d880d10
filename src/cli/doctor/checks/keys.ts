import { PENDING_MS_MAX } from '../../../limits/doctor.ts';
import { spell } from '../../../platform/duration.ts';
import type { Facts, KeysFacts } from '../facts.ts';
import type { Found } from '../findings.ts';
import { describeKey } from '../../ring/ring-document.ts';

export function checkRing({ keys }: Facts): Found[] {
  if (keys.isPlain) return [{ code: 'ring-plain', found: 'the file of the key ring holds the keys in the clear' }];
  if (keys.failure !== null) return [{ code: 'ring-unreadable', found: keys.failure.replace(/\.$/, '') }];
  return [...checkStanding(keys), ...checkSealed(keys)];
}

function checkStanding({ standing, nodes, nodesBehind }: KeysFacts): Found[] {
  if (standing === 'rolled-back') return [{ code: 'ring-old', found: 'the fleet uses a newer ring than this one' }];
  if (standing === 'other-ring')
    return [{ code: 'ring-old', found: 'the fleet uses another ring of the same version' }];
  return nodesBehind > 0
    ? [{ code: 'ring-not-everywhere', found: `${nodesBehind} of ${nodes} live nodes use an older ring` }]
    : [];
}

function checkSealed({ sessions, sealedByRevoked, sealedByUnknown }: KeysFacts): Found[] {
  const of = `of the ${sessions} living sessions that were looked at`;
  const found: (Found | false)[] = [
    sealedByRevoked > 0 && {
      code: 'key-revoked-in-use',
      found: `${sealedByRevoked} ${of} are sealed by a revoked key`,
    },
    sealedByUnknown > 0 && {
      code: 'key-unknown',
      found: `${sealedByUnknown} ${of} are sealed by a key that the ring lacks`,
    },
  ];
  return found.filter((each) => each !== false);
}

export function checkKeyAges({ keys, now, keyAgeMsMax }: Facts): Found[] {
  return keys.keys.flatMap((key): Found[] => {
    if (key.state === 'active' && key.use === 'enc' && (key.activatedAt ?? now) < now - keyAgeMsMax) {
      return [{ code: 'key-old', found: `active for longer than ${spell(keyAgeMsMax)}: the ${describeKey(key)}` }];
    }
    if (key.state === 'pending' && key.createdAt < now - PENDING_MS_MAX) {
      return [
        { code: 'key-pending', found: `pending for longer than ${spell(PENDING_MS_MAX)}: the ${describeKey(key)}` },
      ];
    }
    return [];
  });
}
