import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage, so that no slice pays for that of the one before, or for the finalizers. */
export async function collectGarbage(): Promise<void> {
  collect();
  await turn();
}
