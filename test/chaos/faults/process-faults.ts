import type { FaultKind } from './fault-kind.ts';

const SKEW_MS = 4_000;

/** Of the processes, whatever Redis and the database are. */
export const PROCESS_FAULTS = {
  'node-killed': {
    group: 'node',
    async begin({ fleet, node, kept }) {
      await fleet.killNode(node);
      // It may need a database that is only there again at the end.
      kept.starting = fleet.addNode(node.place);
      kept.starting.catch(() => undefined);
    },
    async end({ kept }) {
      await kept.starting;
    },
  },
  'node-frozen': {
    group: 'node',
    losesRedis: true,
    begin: ({ node }) => node.freeze(),
    end: ({ node }) => node.thaw(),
  },
  'clock-skewed': {
    group: 'clock',
    begin: ({ node, choice }) => node.send({ kind: 'skew', skewMs: choice * 7 < 3.5 ? -SKEW_MS : SKEW_MS }),
    end: ({ node }) => node.send({ kind: 'skew', skewMs: 0 }),
  },
} as const satisfies Record<string, FaultKind>;
