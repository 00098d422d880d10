export type { ContractCase } from './contract-case.ts';
export type { DurableTierCase, DurableTierSubject } from './durable/bed.ts';
export { durableTierCases } from './durable/durable-tier-cases.ts';
