import { httpContract } from './contract.ts';
import { nodeHttp } from './subjects/node-http.ts';

// The races concern the core: one subject goes through them a thousand times, the others in the soak.
httpContract(nodeHttp, { trials: 1_000 });
