import { httpContract } from './contract.ts';
import { nodeHttp } from './subjects/node-http.ts';

httpContract(nodeHttp);
