// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { DirtyRow, DurableFacts, DurableTier, EndedBounds, EndedPage, Feed, FeedPage, FeedPosition, FindEndedCommand, Fleet, FleetNode, FleetView, IndexFacts, InsertCommand, InsertOutcome, MoveUserKeyCommand, MovedRow, NewValue, NodeMark, Platform, PrimaryEntry, PrimaryEvents, PrimaryFacts, PrimaryServer, PrimaryServerFacts, PrimaryShard, PrimaryTier, PrimaryValue, RecordState, RegenerateCommand, RemoveEndedCommand, RestampCommand, RevokeCommand, RevokeManyCommand, RevokeManyOutcome, RevokedRow, RingMark, SealedRecord, Sessions, Stamp, SweepClaim, TableFacts, TierContext, TierFailureKind, TouchCommand, UpdateCommand, Upkeep, Vantage, WalkCommand, WalkPage, WalkedRow, WriteCommand };

export declare const DURABLE_CALLS_MAX = 1024;

export declare const ENVELOPE_TAG_BYTES = 16;

export declare const MAIN_SHARD = "main";

export declare function oneServerTier(name: string, server: PrimaryServer): PrimaryTier;

export declare const PREVIOUS_KEYS_MAX = 8;

interface PrimaryServer extends PrimaryShard {
  open(context: TierContext, onChange: () => void): Promise<void>;
  diagnose?(context: TierContext): Promise<PrimaryFacts>;
  close(): Promise<void>;
}

export declare const REVISION_MAX = 999999999999999;

export declare class TierFailure extends HoldfastError {
  override readonly code = "HOLDFAST_TIER_FAILURE";
  readonly kind: TierFailureKind;
  readonly reason: string;
  readonly advice: string | undefined;
  constructor(kind: TierFailureKind, reason: string, advice?: string);
}
