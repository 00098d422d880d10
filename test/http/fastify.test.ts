import { httpContract } from './contract.ts';
import { fastifyHttp1 } from './subjects/fastify.ts';

httpContract(fastifyHttp1);
