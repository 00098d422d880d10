import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../tools/build-if-stale.ts';

/** Once before the tests, so that two examples that start at once do not both build. */
export function setup(): void {
  buildIfStale(fileURLToPath(new URL('../..', import.meta.url)));
}
