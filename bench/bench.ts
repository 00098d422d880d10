// Us and the peers in one run: tables with ratios, CPU per operation, and whether the targets are met.
//
//   npm run bench                       everything; writes to docs/benchmarks
//   npm run bench -- --quick            the same in two minutes; writes to .cache/bench
//   npm run bench -- --only memory,growth --growth 1000,100000

import { readOptions } from './options.ts';
import { prepare } from './prepare.ts';

const options = readOptions();
prepare();
// Imported late, since it imports what has just been installed.
const { run } = await import('./run.ts');
await run(options);
