import type { TierFailure } from '../../errors.ts';
import type { KeyInfo } from '../../keys/ring/ring-key.ts';
import type { DurableFacts, PrimaryFacts } from '../../tiers/diagnosis.ts';
import type { Standing } from '../../fleet/ring-standing.ts';

/** The facts for all checks, which ask nothing themselves. */
export interface Facts {
  /** The clock of this process. */
  readonly now: number;
  readonly namespace: string;
  readonly primaryTimeoutMs: number;
  readonly durableTimeoutMs: number;
  /** A key that has been active for longer is reported. */
  readonly keyAgeMsMax: number;
  readonly files: readonly FileFacts[];
  readonly primary: TierFacts<PrimaryFacts>;
  readonly durable: TierFacts<DurableFacts>;
  /** Null if the database's address is not known, or cannot be asked. */
  readonly databaseTls: DatabaseTlsFacts | null;
  readonly keys: KeysFacts;
}

/** The failure with which a tier opens, and the facts that it has collected. */
export interface TierFacts<Collected> {
  readonly failure: TierFailure | null;
  /** Null if the tier collects none, or could not. */
  readonly facts: Collected | null;
}

/** A file with a secret in it. */
export interface FileFacts {
  /** The words for it in the report: `the key ring`. */
  readonly what: string;
  /** The permissions, such as 0o600. */
  readonly mode: number;
  /** True if the secret in it is encrypted. */
  readonly isSealed: boolean;
}

export interface DatabaseTlsFacts {
  /** The word in the address that switches verification off; null if there is none. */
  readonly unverifiedBy: string | null;
  /** Null if the server showed no certificate. */
  readonly certificateUntil: number | null;
  /** The reason why the certificate does not verify, as Node says it; null if it does, or no authority is known. */
  readonly refusal: string | null;
}

export interface KeysFacts {
  /** The library's own message; null if the ring is loaded. */
  readonly failure: string | null;
  /** True if the file holds the keys in the clear. */
  readonly isPlain: boolean;
  readonly keys: readonly KeyInfo[];
  /** The comparison of the ring with the highest that the fleet has used; null before the first. */
  readonly standing: Standing | null;
  /** The live nodes, and how many of them use an older ring than this one. */
  readonly nodes: number;
  readonly nodesBehind: number;
  /** The sessions that were looked at, and how many of them a revoked or an unknown key seals. */
  readonly sessions: number;
  readonly sealedByRevoked: number;
  readonly sealedByUnknown: number;
  /** The failure with which the database stopped to answer about nodes and sessions. */
  readonly unread: TierFailure | null;
}
