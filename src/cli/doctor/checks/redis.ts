import type { TierFailure } from '../../../errors.ts';
import { CERTIFICATE_LEFT_MS_MIN } from '../../../limits/doctor.ts';
import { SLOW_ABOVE_MS } from '../../../limits/primary-tier.ts';
import type { PrimaryServerFacts } from '../../../tiers/diagnosis.ts';
import type { Facts } from '../facts.ts';
import type { Found, FindingCode } from '../findings.ts';
import { daysLeft } from './days.ts';

/** The codes of the reasons for which the tier does not open; the first pattern that fits. */
const REASONS: readonly (readonly [RegExp, FindingCode])[] = [
  [/^CERT_HAS_EXPIRED$/, 'redis-certificate-expired'],
  [/^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, 'redis-certificate-name'],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_SIGNATURE_FAILURE)$/,
    'redis-certificate-authority',
  ],
  [/^(?:CERT_|ERR_SSL_|ERR_TLS_|INVALID_|tls-)/, 'redis-tls'],
  [/^(?:WRONGPASS|NOAUTH|auth|credentials-\w+)$/, 'redis-credentials'],
  [/^NOPERM$/, 'redis-grant-missing'],
  [/^(?:READONLY|MASTERDOWN)$/, 'redis-replica'],
  [/^(?:OOM|MISCONF|NOREPLICAS)$/, 'redis-writes-refused'],
  [/^CLUSTERDOWN$/, 'redis-cluster-down'],
];

/** Gives what the tier says as it opens, unless what was looked at besides says it better. */
export function checkRedisOpens({ primary }: Facts): Found[] {
  const { failure, facts } = primary;
  if (failure === null) return [];
  const isExplained =
    failure.reason === 'NOPERM' &&
    (facts?.servers ?? []).some(({ missing, lacksKeys }) => lacksKeys || missing.length > 0);
  return isExplained
    ? []
    : [{ code: codeFor(failure), found: `the tier is out of use (${failure.reason})`, cure: failure.advice }];
}

function codeFor({ kind, reason }: TierFailure): FindingCode {
  const [, code] = REASONS.find(([pattern]) => pattern.test(reason)) ?? [];
  if (code !== undefined) return code;
  return kind === 'misconfigured' ? 'redis-misconfigured' : 'redis-unreachable';
}

export function checkRedisServers(facts: Facts): Found[] {
  return (facts.primary.facts?.servers ?? []).flatMap((server) =>
    // Where the tier does not open, its own words are enough.
    server.failure === null ? CHECKS.flatMap((check) => check(server, facts)) : unreached(server, facts),
  );
}

type ServerCheck = (server: PrimaryServerFacts, facts: Facts) => Found[];

/** A node of a cluster that the tier can do without. */
function unreached({ name, failure }: PrimaryServerFacts, { primary }: Facts): Found[] {
  if (failure === null || primary.failure !== null) return [];
  return [{ code: codeFor(failure), found: `${name} cannot be looked at (${failure.reason})`, cure: failure.advice }];
}

const CHECKS: readonly ServerCheck[] = [
  checkTls,
  checkUser,
  checkMemory,
  checkPersistence,
  checkCluster,
  checkDistance,
];

function checkTls(server: PrimaryServerFacts, { now }: Facts): Found[] {
  const { name, isEncrypted, isLocal, certificateUntil, info } = server;
  if (!isEncrypted) {
    const code = isLocal ? 'redis-plaintext-local' : 'redis-plaintext';
    return [{ code, found: `the connection to ${name} is not encrypted` }];
  }
  const listens = [...info].some(([field, value]) => /^listener\d+$/.test(field) && value.startsWith('name=tcp,'));
  return [
    ...(certificateUntil !== null && certificateUntil - now < CERTIFICATE_LEFT_MS_MIN
      ? [
          {
            code: 'redis-certificate-ends',
            found: `the certificate of ${name} ends in ${daysLeft(certificateUntil, now)}`,
          } as const,
        ]
      : []),
    ...(listens ? [{ code: 'redis-plaintext-port', found: `${name} also listens without TLS` } as const] : []),
  ];
}

function checkUser(server: PrimaryServerFacts, { namespace }: Facts): Found[] {
  const { name, missing, lacksKeys, isDefaultUser, isOpen, surplus, readsOtherKeys } = server;
  const found: (Found | false)[] = [
    missing.length > 0 && { code: 'redis-grant-missing', found: `${name} refuses the user ${missing.join(', ')}` },
    lacksKeys && { code: 'redis-namespace', found: `${name} refuses the user the keys of ${namespace}:*` },
    isOpen && { code: 'redis-open', found: `${name} serves those who give no password` },
    isDefaultUser && { code: 'redis-default-user', found: `${name} is used as its default user` },
    // The default user may do everything unless somebody has limited it: one finding is enough.
    surplus.length > 0 &&
      !isDefaultUser && { code: 'redis-user-commands', found: `${name} allows the user ${surplus.join(', ')}` },
    readsOtherKeys &&
      !isDefaultUser && { code: 'redis-user-keys', found: `${name} allows the user keys outside of ${namespace}:*` },
  ];
  return found.filter((each) => each !== false);
}

function checkMemory({ name, info }: PrimaryServerFacts): Found[] {
  if (info.get('maxmemory') === '0') return [{ code: 'redis-maxmemory', found: `${name} has no maxmemory` }];
  const isFull = info.get('maxmemory_policy') === 'noeviction';
  return isFull ? [{ code: 'redis-noeviction', found: `${name} has maxmemory-policy noeviction` }] : [];
}

function checkPersistence({ name, info, settings }: PrimaryServerFacts): Found[] {
  // Snapshots for a replica that synchronises are none of this server's own.
  const snapshots = Number(info.get('rdb_saves') ?? 0) > 0 && info.get('sync_full') === '0';
  const words = [
    ...(info.get('aof_enabled') === '1' ? ['appendonly yes'] : []),
    ...((settings.get('save') ?? '') !== '' || snapshots ? ['snapshots'] : []),
  ];
  return words.length > 0
    ? [{ code: 'redis-persistence', found: `${name} writes to its disk: ${words.join(', ')}` }]
    : [];
}

function checkCluster({ name, settings, info }: PrimaryServerFacts): Found[] {
  if (info.get('cluster_enabled') !== '1') return [];
  return [
    ...(settings.get('cluster-require-full-coverage') === 'yes'
      ? [{ code: 'redis-full-coverage', found: `${name} refuses all commands while one master is down` } as const]
      : []),
    ...(settings.get('cluster-allow-reads-when-down') === 'yes'
      ? [{ code: 'redis-reads-when-down', found: `${name} goes on answering when it is cut off` } as const]
      : []),
  ];
}

function checkDistance({ name, roundTripMs }: PrimaryServerFacts, { primaryTimeoutMs }: Facts): Found[] {
  const limit = Math.min(SLOW_ABOVE_MS, primaryTimeoutMs / 4);
  return roundTripMs > limit ? [{ code: 'redis-far', found: `${name} answered in ${Math.round(roundTripMs)} ms` }] : [];
}
