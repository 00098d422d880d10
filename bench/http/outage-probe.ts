import { percentileOfSorted } from '../measure/statistics.ts';
import { PAGE_KEYS, type PageKey, type SiteKey } from './names.ts';
import type { RunningSite } from './running-site.ts';

/** The answers to the first visitors of a page after Redis was killed. */
export interface OutageProbe {
  readonly site: SiteKey;
  readonly page: PageKey;
  /** The number of answers by status, or by error. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly p50: number;
  readonly max: number;
}

/** Visits every page `visitors` times at once. */
export async function probe(site: RunningSite, visitors: number): Promise<OutageProbe[]> {
  const probes: OutageProbe[] = [];
  for (const page of PAGE_KEYS) {
    const texts = site.requestsFor(page);
    const visits = Array.from({ length: visitors }, (_, at) => visit(site, texts[at % texts.length] ?? ''));
    const answers = await Promise.all(visits);
    const outcomes: Record<string, number> = {};
    for (const { outcome } of answers) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const max = sorted.at(-1) ?? Number.NaN;
    probes.push({ site: site.key, page, outcomes, p50: percentileOfSorted(sorted, 0.5), max });
  }
  return probes;
}

async function visit(site: RunningSite, text: string): Promise<{ outcome: string; ms: number }> {
  const start = performance.now();
  const outcome = await site.request(text).then(
    ({ status }) => String(status),
    (error: unknown) => (error instanceof Error ? error.message : 'unknown'),
  );
  return { outcome, ms: performance.now() - start };
}
