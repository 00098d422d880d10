import { cycle, inParallel } from '../measure/in-parallel.ts';
import type { Subject } from '../measure/slice.ts';
import { measurementName, type PageKey } from './names.ts';
import { PAGE_BYTES } from './page.ts';
import type { RunningSite } from './running-site.ts';

/** A page of one site, as visitors see it. */
export interface Visits extends Subject {
  readonly site: RunningSite;
  readonly page: PageKey;
}

/** Refreshes sessions within half of the touch interval, after which a page view becomes more than a read. */
const FRESH_MS = 15_000;
const SETUP_CALLERS = 32;

export function visitsTo(site: RunningSite, page: PageKey, isRedisDown: boolean): Visits {
  const requests = site.requestsFor(page);
  const next = cycle(requests);
  const call = async (): Promise<boolean> => isPage(site, next());
  let freshAt = Number.NEGATIVE_INFINITY;
  return {
    name: measurementName(site.key, page, isRedisDown),
    site,
    page,
    call,
    cpu: async () => (await site.usage()).cpu,
    /**
     * Visits all sessions, so that their touches do not fall due at once, as on no real site. The same for all sites.
     */
    async prepare() {
      if (page !== 'signedIn' || performance.now() - freshAt < FRESH_MS) return;
      await inParallel(requests, SETUP_CALLERS, (text) => isPage(site, text));
      freshAt = performance.now();
    },
  };
}

/** Returns false for a page of another length; all sites have the same. */
async function isPage(site: RunningSite, text: string): Promise<boolean> {
  const { status, bodyBytes } = await site.request(text);
  if (status !== 200) throw new Error(`answered ${status}`);
  return bodyBytes === PAGE_BYTES;
}
