import { httpContract } from './contract.ts';
import { express5 } from './subjects/express.ts';

httpContract(express5);
