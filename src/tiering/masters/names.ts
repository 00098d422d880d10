/** A node's report: the incarnation of each shard that it knows, empty for a shard that it is not connected to. */
export type Report = ReadonlyMap<string, string>;

/** The incarnation that counts for a shard. */
export interface Named {
  readonly incarnation: string;
  /** A random number of each change, so that the same incarnation, named again, is another name. */
  readonly nonce: string;
}

/** The incarnations that count, by shard. */
export type Names = ReadonlyMap<string, Named>;

const REPORTED = /^([0-9a-z]{1,40})=([0-9A-Za-z]*)$/;
const NAMED = /^([0-9a-z]{1,40})=([0-9A-Za-z]+)\.([0-9a-f]+)$/;

/** Writes `shard=incarnation` for each, joined by commas, in order: nodes compare these texts. */
export function writeReport(report: Report): string {
  return [...report]
    .map(([shard, incarnation]) => `${shard}=${incarnation}`)
    .sort()
    .join();
}

/** Reads a report. What a person has damaged by hand says nothing. */
export function readReport(text: string): Report {
  return new Map(entriesOf(text, REPORTED).map(([, shard = '', incarnation = '']) => [shard, incarnation]));
}

/** Writes `shard=incarnation.nonce` for each. */
export function writeNames(names: Names): string {
  return [...names]
    .map(([shard, { incarnation, nonce }]) => `${shard}=${incarnation}.${nonce}`)
    .sort()
    .join();
}

/** Reads names. What a person has damaged by hand names nothing. */
export function readNames(text: string): Names {
  return new Map(
    entriesOf(text, NAMED).map(([, shard = '', incarnation = '', nonce = '']) => [shard, { incarnation, nonce }]),
  );
}

function entriesOf(text: string, pattern: RegExp): RegExpExecArray[] {
  return text
    .split(',')
    .map((entry) => pattern.exec(entry))
    .filter((match) => match !== null);
}
