/** The names that an `@example` in a doc comment may use, in one line, so that the lines of the example keep their numbers. */
const GIVEN = [
  "import { createServer } from 'node:http';",
  "import { addKey, changeKeyRingFile, generateKeyRing, keyCensus, keyRingFile, probes, promoteKey, userKeysOf } from 'holdfast';",
  "import { reencryptSessions, reindexSessions, retireKey, revokeKey, SessionClient, sweepSessions, waitForNodes } from 'holdfast';",
  "import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';",
  "import { prismaTier, type PrismaClientLike } from 'holdfast/prisma';",
  "import { redisTier } from 'holdfast/redis';",
  "import { observeSessions } from 'holdfast/otel';",
  'declare const sessions: SessionClient<{ cart: string[] }>;',
  'declare const prisma: PrismaClientLike;',
  'declare const [id, foreignId, kid, passphrase, password, ca]: [string, string, string, string, string, string];',
].join(' ');

/**
 * Returns the code of each `@example` in the doc comments of a source, as a module whose lines stand where they stand in the source.
 * An example goes to the end of its comment or to the next tag.
 */
export function docExamples(source: string): string[] {
  const examples: string[] = [];
  const lines = source.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    if (!/^\s*\* @example\s*$/.test(lines[at] ?? '')) continue;
    const kept = lines.map(() => '');
    for (at += 1; /^\s*\*(?!\/)(?! @\w)/.test(lines[at] ?? ''); at += 1) {
      kept[at] = (lines[at] ?? '').replace(/^\s*\* ?/, '');
    }
    at -= 1;
    kept[0] = `${GIVEN} export async function example(): Promise<void> {`;
    examples.push(`${kept.join('\n')}\n}\n`);
  }
  return examples;
}
