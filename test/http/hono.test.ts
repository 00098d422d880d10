import { httpContract } from './contract.ts';
import { hono } from './subjects/hono.ts';

httpContract(hono);
