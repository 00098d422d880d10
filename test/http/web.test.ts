import { httpContract } from './contract.ts';
import { web } from './subjects/web.ts';

httpContract(web);
