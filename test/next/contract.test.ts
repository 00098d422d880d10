import { httpContract } from '../http/contract.ts';
import { next } from './subject.ts';

httpContract(next);
