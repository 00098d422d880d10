// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { ContractCase, DurableTierCase, DurableTierSubject, PrimaryTierCase, PrimaryTierSubject };

interface ContractCase<Subject> {
  readonly name: string;
  readonly run: (subject: Subject) => Promise<void>;
}

type DurableTierCase = ContractCase<DurableTierSubject>;

export declare const durableTierCases: readonly DurableTierCase[];

interface DurableTierSubject {
  makeTier(): DurableTier;
  mark(storageKey: Buffer, dirtyAt: number): Promise<void>;
  see(namespace: string, node: NodeMark, seenAt: number): Promise<void>;
}

type PrimaryTierCase = ContractCase<PrimaryTierSubject>;

export declare const primaryTierCases: readonly PrimaryTierCase[];

interface PrimaryTierSubject {
  makeTier(): PrimaryTier;
  readonly namespaces: readonly [string, string];
}
