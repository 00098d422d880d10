import { checkClocks, checkFiles, checkNamespace } from './checks/configuration.ts';
import { checkDatabase, checkDatabaseAnswers, checkDatabaseOpens, checkDatabaseTls } from './checks/database.ts';
import { checkKeyAges, checkRing } from './checks/keys.ts';
import { checkRedisOpens, checkRedisServers } from './checks/redis.ts';
import type { Facts } from './facts.ts';
import { toFinding, type Finding, type Found } from './findings.ts';

/** Returns what is wrong with facts that were collected before. */
export type Check = (facts: Facts) => readonly Found[];

const CHECKS: readonly Check[] = [
  checkFiles,
  checkRedisOpens,
  checkRedisServers,
  checkDatabaseOpens,
  checkDatabaseAnswers,
  checkDatabaseTls,
  checkDatabase,
  checkRing,
  checkKeyAges,
  checkNamespace,
  checkClocks,
];

/** Returns what is wrong, errors first. */
export function findingsIn(facts: Facts): readonly Finding[] {
  const findings = CHECKS.flatMap((check) => check(facts)).map(toFinding);
  return findings.toSorted((one, other) => one.severity.localeCompare(other.severity));
}
