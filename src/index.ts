export { SessionClient } from './client/session-client.ts';
export type { Health } from './engine/engine.ts';
export type {
  CreateOptions,
  DestroyByUserOptions,
  DestroyOptions,
  GetOptions,
  ReadyOptions,
  RegenerateOptions,
  ReplaceOptions,
  UpdateOptions,
} from './client/options/call-options.ts';
export type { SessionRef } from './client/session-ref.ts';
export type { StoredSession } from './client/stored-sessions.ts';
export type { Change } from './client/write/session-writer.ts';
export type { DeepReadonly } from './client/data/plain-data.ts';
export type { Lifetime } from './client/options/lifetime-options.ts';
export type { SessionClientOptions } from './client/options/client-options.ts';
export type { Session, SessionSummary } from './client/session.ts';
export type { SchemaResult, StandardSchema } from './client/data/schema.ts';
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
  TierUnavailableError,
  ImportUnavailableError,
  isHoldfastError,
} from './errors.ts';
export type { AnyHoldfastError, EnvelopeErrorReason, HoldfastErrorCode, TierRole } from './errors.ts';
export { KeyRing } from './keys/ring/key-ring.ts';
export type { KeyRingJwks } from './keys/ring/key-ring.ts';
export type { RingJwk } from './keys/ring/ring-jwk.ts';
export type { DataKeyAlgorithm, KeyInfo, KeyPurpose, KeyState } from './keys/ring/ring-key.ts';
export type { KeyWrapper } from './keys/seal/key-wrapper.ts';
export type { RingOpener } from './keys/seal/ring-opener.ts';
export { keyRingFile, keySource } from './keys/key-source.ts';
export type { KeyRingFileOptions, KeySource, KeySourceOptions } from './keys/key-source.ts';
export { changeKeyRingFile, rewrapKeyRing, rewrapKeyRingFile } from './keys/file/ring-file-change.ts';
export type { ChangeKeyRingFileOptions } from './keys/file/ring-file-change.ts';
export { addKey, generateKeyRing, removeKey, replaceKey, revokeKey } from './keys/ring/rotation.ts';
export type {
  AddKeyOptions,
  GenerateKeyRingOptions,
  KeyChoice,
  ReplaceKeyOptions,
  RevokeKeyOptions,
} from './keys/ring/rotation.ts';
export { promoteKey, retireKey, waitForNodes } from './client/fleet.ts';
export type { Acknowledgement, PromoteKeyOptions, RetireKeyOptions, WaitForNodesOptions } from './client/fleet.ts';
export type { NodeStatus } from './fleet/fleet.ts';
export { keyCensus, reencryptSessions, reindexSessions, sweepSessions } from './client/upkeep.ts';
export { probes } from './client/probes.ts';
export type { ProbeAnswer, ProbeReason, Probes } from './client/probes.ts';
export { userKeysOf } from './client/user-keys.ts';
export type { CensusOptions, ReencryptOptions, ReindexOptions, SweepSessionsOptions } from './client/upkeep.ts';
export type { SweepOptions } from './client/options/sweep-options.ts';
export type { WalkOptions } from './client/options/walk-options.ts';
export type { KeyCensus, KeyCount } from './upkeep/key-census.ts';
export type { SweepProgress } from './upkeep/sweep-all.ts';
export type { WalkProgress } from './upkeep/tally.ts';
export type { WalkFailure, WalkResult } from './upkeep/walk.ts';
export type { Duration } from './platform/duration.ts';
export type { Platform } from './platform/platform.ts';
export type { KeysHealth } from './engine/key-keeper.ts';
export type { TierHealth, TierState } from './telemetry/health.ts';
export type { AuditEvent, EndedBy, RefusedReason } from './telemetry/audit.ts';
export type {
  BackgroundFailure,
  CallEnd,
  CallName,
  EnvelopeRejected,
  KeysChange,
  RevocationLost,
  StoreOutcome,
  SweepPass,
  TierChange,
} from './telemetry/channels.ts';
