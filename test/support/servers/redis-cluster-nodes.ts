/** One line of CLUSTER NODES. */
export interface ClusterLine {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** Of a replica. */
  readonly master: string | undefined;
  readonly epoch: number;
  readonly ranges: readonly (readonly [number, number])[];
}

export const parseClusterNodes = (text: string): ClusterLine[] => text.trim().split('\n').map(parseLine);

function parseLine(line: string): ClusterLine {
  const [id = '', place = '', flags = '', master = '-', , , epoch = '0', , ...slots] = line.trim().split(' ');
  return {
    id,
    port: Number(/:(\d+)@/.exec(place)?.[1]),
    flags: flags.split(','),
    master: master === '-' ? undefined : master,
    epoch: Number(epoch),
    // A slot on its way is in brackets, and in its owner's range as well.
    ranges: slots.filter((text) => !text.startsWith('[')).map(parseRange),
  };
}

function parseRange(text: string): readonly [number, number] {
  const [first = NaN, last = first] = text.split('-').map(Number);
  return [first, last];
}
