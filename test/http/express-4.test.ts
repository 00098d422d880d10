import { httpContract } from './contract.ts';
import { express4 } from './subjects/express.ts';

httpContract(express4);
