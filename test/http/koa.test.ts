import { httpContract } from './contract.ts';
import { koa } from './subjects/koa.ts';

httpContract(koa);
