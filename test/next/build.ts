import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../tools/build-if-stale.ts';
import { buildSite } from './next-site.ts';

/** Once before the tests, all of which run against one build. */
export function setup(): void {
  buildIfStale(fileURLToPath(new URL('../..', import.meta.url)));
  buildSite();
}
