import { httpContract } from './contract.ts';
import { fastifyHttp2 } from './subjects/fastify.ts';

httpContract(fastifyHttp2);
