export { SessionClient } from './client/session-client.ts';
export type { Health } from './client/session-client.ts';
export type {
  CreateOptions,
  DestroyByUserOptions,
  GetOptions,
  ReadyOptions,
  RegenerateOptions,
  ReplaceOptions,
  UpdateOptions,
} from './client/call-options.ts';
export type { SessionRef } from './client/session-ref.ts';
export type { StoredSession } from './client/stored-sessions.ts';
export type { Change } from './client/session-writer.ts';
export type { DeepReadonly } from './client/plain-data.ts';
export type { Lifetime } from './client/lifetime-options.ts';
export type { SessionClientOptions } from './client/options.ts';
export type { Session, SessionSummary } from './client/session.ts';
export type { SchemaResult, StandardSchema } from './client/schema.ts';
export type { Serializer } from './codec/serializer.ts';
export {
  ConfigurationError,
  CrossSiteRequestError,
  EnvelopeError,
  HoldfastError,
  KeyRingError,
  LoginRequiredError,
  OutcomeUnknownError,
  PayloadError,
  ResponseStartedError,
  RevisionConflictError,
  RevocationNotDurableError,
  SessionEndedError,
  SessionExistsError,
  SessionMovedError,
  SessionNotFoundError,
  TierFailure,
  TierUnavailableError,
  ImportUnavailableError,
  isHoldfastError,
} from './errors.ts';
export type { AnyHoldfastError, EnvelopeErrorReason, HoldfastErrorCode, TierFailureKind, TierRole } from './errors.ts';
export { KeyRing } from './keys/key-ring.ts';
export type { KeyRingJwks } from './keys/key-ring.ts';
export type { RingJwk } from './keys/ring-jwk.ts';
export type { DataKeyAlgorithm, KeyInfo, KeyPurpose, KeyState } from './keys/ring-key.ts';
export type { KeyWrapper } from './keys/key-wrapper.ts';
export type { RingOpener } from './keys/ring-opener.ts';
export { keyRingFile, keySource } from './keys/key-source.ts';
export type { KeyRingFileOptions, KeySource, KeySourceOptions } from './keys/key-source.ts';
export { changeKeyRingFile, rewrapKeyRing, rewrapKeyRingFile } from './keys/ring-file-change.ts';
export type { ChangeKeyRingFileOptions } from './keys/ring-file-change.ts';
export { addKey, generateKeyRing, removeKey, replaceKey, revokeKey } from './keys/rotation.ts';
export type {
  AddKeyOptions,
  GenerateKeyRingOptions,
  KeyChoice,
  ReplaceKeyOptions,
  RevokeKeyOptions,
} from './keys/rotation.ts';
export { waitForNodes } from './maintenance/acknowledgement.ts';
export type { Acknowledgement, WaitForNodesOptions } from './maintenance/acknowledgement.ts';
export type { NodeStatus } from './maintenance/fleet.ts';
export { keyCensus } from './maintenance/key-census.ts';
export type { CensusOptions, KeyCensus, KeyCount } from './maintenance/key-census.ts';
export { promoteKey } from './maintenance/promotion.ts';
export type { AskingNobody, AskingTheFleet, PromoteKeyOptions } from './maintenance/promotion.ts';
export { reencryptSessions } from './maintenance/reencryption.ts';
export type { ReencryptOptions } from './maintenance/reencryption.ts';
export { reindexSessions } from './maintenance/reindexing.ts';
export type { ReindexOptions } from './maintenance/reindexing.ts';
export { retireKey } from './maintenance/retirement.ts';
export type { RetireKeyOptions } from './maintenance/retirement.ts';
export { sweepSessions } from './maintenance/sweeping.ts';
export type { SweepProgress, SweepSessionsOptions } from './maintenance/sweeping.ts';
export type { SweepOptions } from './maintenance/sweep-options.ts';
export type { WalkProgress } from './maintenance/tally.ts';
export type { WalkFailure, WalkOptions, WalkResult } from './maintenance/walk.ts';
export type { Duration } from './platform/duration.ts';
export type { Platform } from './platform/platform.ts';
export type * from './tiers/tier.ts';
export type { KeysHealth } from './client/key-keeper.ts';
export type { TierHealth, TierState } from './telemetry/standing.ts';
export type { RecordState, SealedRecord } from './session/sealed-record.ts';
