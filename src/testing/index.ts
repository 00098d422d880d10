export type { ContractCase } from './contract-case.ts';
export type { DurableTierCase, DurableTierSubject } from './durable/bed.ts';
export { durableTierCases } from './durable/durable-tier-cases.ts';
export type { PrimaryTierCase, PrimaryTierSubject } from './primary/bed.ts';
export { primaryTierCases } from './primary/primary-tier-cases.ts';
