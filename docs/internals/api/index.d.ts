// The public interface, written by "npm run api". Review a change of it as a change of the package.

import { KeyObject } from "node:crypto";

export type { Acknowledgement, AddKeyOptions, AnyHoldfastError, AuditEvent, BackgroundFailure, CallEnd, CallName, CensusOptions, Change, ChangeKeyRingFileOptions, CreateOptions, DataKeyAlgorithm, DeepReadonly, DestroyByUserOptions, DestroyOptions, Duration, EndedBy, EnvelopeErrorReason, EnvelopeRejected, GenerateKeyRingOptions, GetOptions, Health, HoldfastErrorCode, KeyCensus, KeyChoice, KeyCount, KeyInfo, KeyPurpose, KeyRingFileOptions, KeyRingJwks, KeySource, KeySourceOptions, KeyState, KeyWrapper, KeysChange, KeysHealth, Lifetime, NodeStatus, Platform, ProbeAnswer, ProbeReason, Probes, PromoteKeyOptions, ReadyOptions, ReencryptOptions, RefusedReason, RegenerateOptions, ReindexOptions, ReplaceKeyOptions, ReplaceOptions, RetireKeyOptions, RevocationLost, RevokeKeyOptions, RingJwk, RingOpener, SchemaResult, Serializer, Session, SessionClientOptions, SessionRef, SessionSummary, StandardSchema, StoreOutcome, StoredSession, SweepOptions, SweepPass, SweepProgress, SweepSessionsOptions, TierChange, TierHealth, TierRole, TierState, UpdateOptions, WaitForNodesOptions, WalkFailure, WalkOptions, WalkProgress, WalkResult };

interface Acknowledgement {
  readonly nodes: number;
  readonly silent: readonly NodeStatus[];
}

export declare function addKey(ring: KeyRing, options?: AddKeyOptions): Promise<KeyRing>;

interface AddKeyOptions {
  readonly use?: KeyPurpose;
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

type AnyClient = Pick<SessionClient, "close" | "health" | "namespace">;

type AnyHoldfastError = ConfigurationError | CrossSiteRequestError | EnvelopeError | ImportUnavailableError | KeyRingError | LoginRequiredError | OutcomeUnknownError | PayloadError | ResponseStartedError | RevisionConflictError | RevocationNotDurableError | SessionEndedError | SessionExistsError | SessionMovedError | SessionNotFoundError | TierFailure | TierUnavailableError;

type AnySchema<Output> = StandardSchema<unknown, Output>;

interface AuditBase {
  readonly namespace: string;
  readonly at: Date;
}

type AuditEvent = IdRenewed | LoggedIn | PrivilegeRaised | Refused | SessionCreated | SessionEnded | UserChanged;

type Awaitable<V> = PromiseLike<V> | V;

interface BackgroundFailure {
  readonly work: "feed" | "import" | "revocation" | "session-limit" | "sweep" | "touch";
  readonly code: string;
}

interface Begun extends AuditBase {
  readonly handle: string;
  readonly userKey: string | null;
  readonly absoluteExpiresAt: Date;
  readonly idleLifetimeMs: number;
}

type BuiltIn = ((...args: never[]) => unknown) | ArrayBufferLike | ArrayBufferView | Date | Error | Map<unknown, unknown> | Promise<unknown> | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | RegExp | URL | WeakMap<WeakKey, unknown> | WeakSet<WeakKey> | bigint | boolean | number | string | symbol | null | undefined;

interface CallEnd {
  readonly namespace: string;
  readonly operation: CallName;
  readonly outcome: string;
  readonly servedBy: TierRole | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

type CallName = "create" | "destroy" | "destroyAll" | "destroyByHandle" | "destroyByUser" | "get" | "listByUser" | "movedSince" | "regenerate" | "replace" | "touch" | "update";

type CancelTimer = () => void;

interface CensusOptions {
  readonly signal?: AbortSignal;
}

type Change<T, Input = T> = (draft: T) => Awaitable<DeepReadonly<Input> | Input | void>;

export declare function changeKeyRingFile(path: string, opener: RingOpener, change: (ring: KeyRing) => KeyRing | Promise<KeyRing>, options?: ChangeKeyRingFileOptions): Promise<KeyRing>;

interface ChangeKeyRingFileOptions {
  readonly timeout?: Duration;
  readonly platform?: Platform;
}

export declare class ConfigurationError extends HoldfastError {
  override readonly code = "HOLDFAST_CONFIGURATION";
}

interface CreateOptions {
  readonly id?: string;
  readonly userId?: string;
  readonly label?: string;
  readonly lifetime?: Lifetime;
  readonly authenticatedAt?: Date | null;
}

export declare class CrossSiteRequestError extends HoldfastError {
  override readonly code = "HOLDFAST_CROSS_SITE_REQUEST";
  constructor();
}

interface DataKey extends KeyOfAnyUse {
  readonly use: "enc";
  readonly suite: Suite;
}

type DataKeyAlgorithm = "A256GCM" | "XAES-256-GCM";

type DeepReadonly<T> = unknown extends T ? T : T extends BuiltIn ? T : { readonly [K in keyof T]: DeepReadonly<T[K]>; };

interface DestroyByUserOptions<T = unknown> extends DestroyOptions {
  readonly except?: SessionRef<T>;
}

interface DestroyOptions {
  readonly by?: EndedBy;
}

interface DirtyRow extends FeedPosition {
  readonly revision: number;
  readonly isRevoked: boolean;
  readonly absoluteExpiresAt: number;
  readonly previousKeys: readonly Buffer[];
}

interface DurableFacts {
  readonly clockAheadMs: number;
  readonly untriedEngine: string | null;
  readonly isEncrypted: boolean | null;
  readonly isLocal: boolean;
  readonly surplus: readonly string[];
  readonly statementMs: number | null;
  readonly lockMs: number | null;
  readonly lossy: readonly string[];
  readonly isolation: string | null;
  readonly tables: readonly TableFacts[];
  readonly indexes: readonly IndexFacts[];
  readonly oldestMarkAt: number | null;
  readonly otherNamespaces: number;
  readonly hasNamespace: boolean;
}

interface DurableTier {
  readonly name: string;
  readonly sessions: Sessions;
  readonly feed: Feed;
  readonly fleet: Fleet;
  readonly upkeep: Upkeep;
  open(context: TierContext): Promise<void>;
  probe(): Promise<number>;
  diagnose?(context: TierContext): Promise<DurableFacts>;
  close(): Promise<void>;
}

type Duration = number | `${number}${"d" | "h" | "m" | "ms" | "s"}`;

interface EndedBounds {
  readonly endedBefore: number;
  readonly revokedBefore: number;
}

type EndedBy = "application" | "everywhere" | "key-revocation" | "logout" | "old-store" | "operator" | "other-device" | "other-user" | "session-limit" | "undelivered";

interface EndedPage {
  readonly storageKeys: readonly Buffer[];
  readonly scanned: number;
  readonly next: Buffer | null;
}

export declare class EnvelopeError extends HoldfastError {
  override readonly code = "HOLDFAST_ENVELOPE";
  readonly reason: EnvelopeErrorReason;
  override readonly retryable: boolean;
  constructor(reason: EnvelopeErrorReason);
  override get status(): number;
  override set status(value: number);
}

type EnvelopeErrorReason = "malformed" | "outlives-limit" | "revoked-key" | "rolled-back" | "tampered" | "unknown-key";

interface EnvelopeRejected {
  readonly tier: TierRole;
  readonly reason: EnvelopeErrorReason | "schema";
  readonly handle: string;
}

interface Feed {
  markDirty(storageKey: Buffer): Promise<void>;
  read(after: FeedPosition | number, limit: number): Promise<FeedPage>;
  clear(before: number, limit: number): Promise<number>;
}

interface FeedPage {
  readonly now: number;
  readonly rows: readonly DirtyRow[];
  readonly masters: string | null;
  readonly report: string | null;
}

interface FeedPosition {
  readonly dirtyAt: number;
  readonly storageKey: Buffer;
}

interface FindEndedCommand extends EndedBounds {
  readonly after: Buffer;
  readonly limit: number;
}

interface Fleet {
  raiseRing(ring: RingMark): Promise<RingMark>;
  heartbeat(node: NodeMark): Promise<void>;
  read(): Promise<FleetView>;
  nameMasters(seen: string | null, masters: string): Promise<boolean>;
  forget(which: Buffer | number): Promise<void>;
}

interface FleetAsked {
  readonly sessions: AnyClient;
  readonly timeout?: Duration;
  readonly force?: boolean;
}

interface FleetNode extends NodeMark {
  readonly seenAt: number;
  readonly acknowledgedAt: number;
}

interface FleetNotAsked {
  readonly force: true;
  readonly sessions?: AnyClient | undefined;
}

interface FleetView {
  readonly now: number;
  readonly ring: RingMark | null;
  readonly masters: string | null;
  readonly nodes: readonly FleetNode[];
}

export declare function generateKeyRing(options?: GenerateKeyRingOptions): Promise<KeyRing>;

interface GenerateKeyRingOptions {
  readonly suite?: DataKeyAlgorithm;
  readonly version?: number;
  readonly platform?: Platform;
}

interface GetOptions {
  readonly touch?: boolean;
  readonly consistency?: "bounded" | "strong";
}

interface Health {
  readonly primary: TierHealth;
  readonly durable: TierHealth;
  readonly keys: KeysHealth;
}

export declare abstract class HoldfastError extends Error {
  abstract readonly code: HoldfastErrorCode;
  readonly retryable: boolean;
  get status(): number;
  set status(value: number);
  get help(): string;
}

type HoldfastErrorCode = "HOLDFAST_CONFIGURATION" | "HOLDFAST_CROSS_SITE_REQUEST" | "HOLDFAST_ENVELOPE" | "HOLDFAST_IMPORT_UNAVAILABLE" | "HOLDFAST_KEY_RING" | "HOLDFAST_LOGIN_REQUIRED" | "HOLDFAST_OUTCOME_UNKNOWN" | "HOLDFAST_PAYLOAD" | "HOLDFAST_RESPONSE_STARTED" | "HOLDFAST_REVISION_CONFLICT" | "HOLDFAST_REVOCATION_NOT_DURABLE" | "HOLDFAST_SESSION_ENDED" | "HOLDFAST_SESSION_EXISTS" | "HOLDFAST_SESSION_MOVED" | "HOLDFAST_SESSION_NOT_FOUND" | "HOLDFAST_TIER_FAILURE" | "HOLDFAST_TIER_UNAVAILABLE";

interface IdRenewed extends Begun {
  readonly event: "renewed";
  readonly previousHandle: string;
}

export declare class ImportUnavailableError extends HoldfastError {
  override readonly code = "HOLDFAST_IMPORT_UNAVAILABLE";
  override readonly retryable = true;
  readonly reason: string;
  constructor(reason: string);
}

interface IndexFacts {
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly dependsOn: readonly string[];
  readonly isUsable: boolean;
}

interface IndexKey extends KeyOfAnyUse {
  readonly use: "sig";
}

interface InsertCommand extends WriteCommand {
  readonly record: SealedRecord;
  readonly aliveAt: number;
}

type InsertOutcome = "ended" | "inserted" | "late" | "taken";

export declare function isHoldfastError(error: unknown): error is AnyHoldfastError;

export declare function keyCensus(sessions: AnyClient, options?: CensusOptions): Promise<KeyCensus>;

interface KeyCensus {
  readonly keys: readonly KeyCount[];
  readonly unknown: readonly {
    readonly keyId: string;
    readonly sessions: number;
  }[];
  readonly total: number;
  readonly ring: number;
}

interface KeyChoice {
  readonly kid: string;
}

interface KeyCount {
  readonly kid: string;
  readonly keyId: string;
  readonly state: KeyState;
  readonly use: "data";
  readonly sessions: number;
}

interface KeyInfo {
  readonly kid: string;
  readonly use: "enc" | "sig";
  readonly alg: DataKeyAlgorithm | "HS256";
  readonly state: KeyState;
  readonly createdAt: number;
  readonly activatedAt: number | undefined;
}

interface KeyOfAnyUse {
  readonly kid: string;
  readonly keyId: Buffer;
  readonly state: KeyState;
  readonly secret: KeyObject;
  readonly createdAt: number;
  readonly activatedAt: number | undefined;
}

type KeyPurpose = "data" | "index";

export declare class KeyRing {
  #private;
  readonly version: number;
  readonly sealingKey: DataKey;
  readonly indexKeys: readonly [IndexKey, ...IndexKey[]];
  readonly cookieIndexKeys: readonly [IndexKey, ...IndexKey[]];
  readonly revokedKids: readonly string[];
  static fromJwks(jwks: unknown): KeyRing;
  static unseal(sealed: string, opener: RingOpener): Promise<KeyRing>;
  static open(path: string, opener: RingOpener): Promise<KeyRing>;
  seal(openers: RingOpener | readonly RingOpener[]): Promise<string>;
  save(path: string, openers: RingOpener | readonly RingOpener[], platform?: Platform): Promise<void>;
  toJwks(): KeyRingJwks;
  keys(): KeyInfo[];
  fingerprint(): Buffer;
  dataKey(keyId: Buffer, offset?: number): DataKey | undefined;
  isRevoked(keyId: Buffer, offset?: number): boolean;
  toJSON(): {
    version: number;
    keys: Pick<KeyInfo, "kid" | "state" | "use">[];
    revokedKids: readonly string[];
  };
}

export declare class KeyRingError extends HoldfastError {
  override readonly code = "HOLDFAST_KEY_RING";
  override readonly retryable: boolean;
  constructor(message: string, retryable?: boolean);
}

export declare function keyRingFile(path: string, opener: RingOpener, options?: KeyRingFileOptions): KeySource;

interface KeyRingFileOptions {
  readonly every?: Duration;
}

interface KeyRingJwks {
  readonly "holdfast:version": number;
  readonly "holdfast:revoked"?: readonly string[];
  readonly keys: readonly RingJwk[];
}

interface KeysChange {
  readonly state: "loaded" | "not-loaded" | "refused";
  readonly version: number;
  readonly reason: string;
}

interface KeysHealth extends TierHealth {
  readonly node: string;
  readonly ring?: number;
  readonly sealingKeySince?: Date;
}

export declare function keySource(load: () => KeyRing | Promise<KeyRing>, options?: KeySourceOptions): KeySource;

interface KeySource {
  readonly file?: string;
  load(): Promise<KeyRing>;
  watch?(changed: () => void, platform: Platform): () => void;
}

interface KeySourceOptions {
  readonly every?: Duration;
  readonly subscribe?: (changed: () => void) => () => void;
}

type KeyState = "active" | "decrypt-only" | "pending" | "retired" | "revoked";

interface KeyWrapper {
  readonly id: string;
  wrap(key: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
}

interface Lifetime {
  readonly idle?: Duration;
  readonly absolute?: Duration;
}

type Lineage = readonly Buffer[];

interface LivingSession {
  readonly storageKey: Buffer;
  readonly record: SessionRecord;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly servedBy: "durable" | "primary";
}

interface LoggedIn extends Begun {
  readonly event: "logged-in";
  readonly previousHandle: string | null;
}

export declare class LoginRequiredError extends HoldfastError {
  override readonly code = "HOLDFAST_LOGIN_REQUIRED";
  readonly reason: "anonymous" | "stale";
  constructor(reason: "anonymous" | "stale");
}

interface MovedRow {
  readonly storageKey: Buffer;
  readonly isRevoked: boolean;
}

interface MoveUserKeyCommand {
  readonly storageKey: Buffer;
  readonly from: Buffer;
  readonly to: Buffer;
}

interface NewValue {
  readonly revision: number;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly envelope: Buffer;
  readonly ttlMs: number;
}

interface NodeAnswer {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

interface NodeMark {
  readonly nodeId: Buffer;
  readonly beat: number;
  readonly ringVersion: number;
  readonly masters: string;
}

interface NodeStatus {
  readonly node: string;
  readonly ring: number;
  readonly secondsAgo: number;
}

export declare class OutcomeUnknownError extends HoldfastError {
  override readonly code = "HOLDFAST_OUTCOME_UNKNOWN";
  constructor();
}

export declare class PayloadError extends HoldfastError {
  override readonly code = "HOLDFAST_PAYLOAD";
}

interface Platform {
  now(): number;
  monotonic(): number;
  fillRandom(target: Uint8Array, offset: number, length: number): void;
  random(): number;
  after(delayMs: number, callback: () => void, kind?: "background" | "foreground"): CancelTimer;
  afterInput(callback: () => void): void;
}

type PrimaryEntry = PrimaryValue | {
  readonly kind: "absent";
} | {
  readonly kind: "hold";
} | {
  readonly kind: "lease";
} | {
  readonly kind: "tombstone";
};

interface PrimaryEvents {
  onShardChange(shard: PrimaryShard): void;
  onShardsChange(): void;
}

interface PrimaryFacts {
  readonly servers: readonly PrimaryServerFacts[];
}

interface PrimaryServerFacts {
  readonly name: string;
  readonly failure: TierFailure | null;
  readonly isEncrypted: boolean;
  readonly isLocal: boolean;
  readonly certificateUntil: number | null;
  readonly isDefaultUser: boolean;
  readonly isOpen: boolean;
  readonly missing: readonly string[];
  readonly lacksKeys: boolean;
  readonly surplus: readonly string[];
  readonly readsOtherKeys: boolean;
  readonly info: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly clockAheadMs: number | null;
  readonly roundTripMs: number;
}

interface PrimaryShard {
  readonly name: string;
  vantage(): Vantage | null;
  failure(): TierFailure | null;
  probe(): Promise<void>;
  confirm(): Promise<void>;
  read(storageKey: Buffer): Promise<PrimaryEntry>;
  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean>;
  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean>;
  publish(storageKey: Buffer, value: NewValue): Promise<boolean>;
  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean>;
  evict(storageKey: Buffer, belowRevision: number): Promise<void>;
  hold(storageKey: Buffer): Promise<void>;
  tombstone(storageKey: Buffer, ttlMs: number): Promise<void>;
}

interface PrimaryTier {
  readonly name: string;
  open(context: TierContext, events: PrimaryEvents): Promise<void>;
  readonly shards: readonly PrimaryShard[];
  shardOf(storageKey: Buffer): PrimaryShard | null;
  failure(): TierFailure | null;
  diagnose?(context: TierContext): Promise<PrimaryFacts>;
  close(): Promise<void>;
}

interface PrimaryValue {
  readonly kind: "value";
  readonly revision: number;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly envelope: Buffer;
}

interface PrivilegeRaised extends Begun {
  readonly event: "privilege-raised";
  readonly previousHandle: string;
}

interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: {
    readonly state: "degraded" | "live" | "ready" | "unready";
    readonly reasons: readonly ProbeReason[];
  };
}

interface ProbeReason {
  readonly part: "client" | "durable" | "keys" | "primary";
  readonly state: "degraded" | "down";
  readonly reason: string;
}

export declare function probes(sessions: Pick<SessionClient, "health" | "ready">): Probes;

interface Probes {
  live(): ProbeAnswer;
  ready(): Promise<ProbeAnswer>;
  readonly node: {
    live(this: void, request: unknown, response: NodeAnswer): void;
    ready(this: void, request: unknown, response: NodeAnswer): Promise<void>;
  };
  readonly web: {
    live(this: void): Response;
    ready(this: void): Promise<Response>;
  };
}

export declare function promoteKey(ring: KeyRing, options: PromoteKeyOptions): Promise<KeyRing>;

type PromoteKeyOptions = (FleetAsked | FleetNotAsked) & {
  readonly kid?: string;
  readonly use?: KeyPurpose;
};

interface ReadyOptions {
  readonly timeout?: Duration;
}

interface RecordState {
  readonly revision: number;
  readonly tag: Buffer;
  readonly keyId: Buffer;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

interface ReencryptOptions extends WalkOptions {
  readonly destroyRevoked?: boolean;
}

export declare function reencryptSessions(sessions: AnyClient, options?: ReencryptOptions): Promise<WalkResult>;

interface Refused extends AuditBase {
  readonly event: "refused";
  readonly reason: RefusedReason;
  readonly tier: TierRole | null;
  readonly handle: string | null;
  readonly count: number;
}

type RefusedReason = EnvelopeErrorReason | "made-up";

interface RegenerateCommand extends UpdateCommand {
  readonly previousStorageKey: Buffer;
  readonly regeneratedAt: number;
}

interface RegenerateOptions<Input> {
  readonly userId?: string | null;
  readonly data?: DeepReadonly<Input> | Input;
  readonly label?: string | null;
  readonly lifetime?: Lifetime;
}

interface ReindexOptions extends WalkOptions {
  readonly dryRun?: boolean;
}

export declare function reindexSessions(sessions: AnyClient, options?: ReindexOptions): Promise<WalkResult>;

interface RemoveEndedCommand extends EndedBounds {
  readonly storageKeys: readonly Buffer[];
}

export declare function removeKey(ring: KeyRing, choice: KeyChoice): KeyRing;

export declare function replaceKey(ring: KeyRing, options: ReplaceKeyOptions): Promise<KeyRing>;

interface ReplaceKeyOptions extends KeyChoice {
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

interface ReplaceOptions extends UpdateOptions {
  readonly revision?: number;
}

export declare class ResponseStartedError extends HoldfastError {
  override readonly code = "HOLDFAST_RESPONSE_STARTED";
  constructor(call: string, why?: string);
}

interface RestampCommand {
  readonly revision: number;
  readonly tag: Buffer;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly ttlMs: number;
}

export declare function retireKey(ring: KeyRing, options: RetireKeyOptions): Promise<KeyRing>;

type RetireKeyOptions = (FleetAsked | FleetNotAsked) & {
  readonly kid: string;
};

export declare class RevisionConflictError extends HoldfastError {
  override readonly code = "HOLDFAST_REVISION_CONFLICT";
  override readonly retryable = true;
  constructor(message?: string);
}

interface RevocationLost {
  readonly handle: string | null;
}

export declare class RevocationNotDurableError extends HoldfastError {
  override readonly code = "HOLDFAST_REVOCATION_NOT_DURABLE";
  override readonly retryable = true;
  constructor();
}

interface RevokeCommand extends WriteCommand {
  readonly storageKey: Buffer;
  readonly revokedAt: number;
  readonly dirty: boolean;
  readonly writtenBy?: Buffer;
}

interface RevokedRow {
  readonly storageKey: Buffer;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
  readonly hasMoved: boolean;
}

export declare function revokeKey(ring: KeyRing, options: RevokeKeyOptions): KeyRing;

interface RevokeKeyOptions extends KeyChoice {
  readonly removed?: boolean;
}

interface RevokeManyCommand extends WriteCommand {
  readonly of: readonly Buffer[] | "everyone";
  readonly except: Buffer | null;
  readonly after: Buffer;
  readonly limit: number;
  readonly revokedAt: number;
}

type RevokeManyOutcome = "late" | readonly RevokedRow[];

export declare function rewrapKeyRing(sealed: string, from: RingOpener, to: RingOpener | readonly RingOpener[]): Promise<string>;

export declare function rewrapKeyRingFile(path: string, from: RingOpener, to: RingOpener | readonly RingOpener[], options?: ChangeKeyRingFileOptions): Promise<KeyRing>;

interface RingJwk {
  readonly kty: "oct";
  readonly k: string;
  readonly alg: DataKeyAlgorithm | "HS256";
  readonly use: "enc" | "sig";
  readonly kid: string;
  readonly iat: number;
  readonly "holdfast:state": KeyState;
  readonly "holdfast:activated_at"?: number;
}

interface RingMark {
  readonly version: number;
  readonly fingerprint: Buffer;
}

type RingOpener = {
  readonly passphrase: string;
} | {
  readonly kek: Uint8Array;
} | {
  readonly wrapper: KeyWrapper;
};

type SchemaResult<Output> = {
  readonly value: Output;
  readonly issues?: undefined;
} | {
  readonly issues: readonly unknown[];
};

interface SealedRecord {
  readonly storageKey: Buffer;
  readonly userKey: Buffer | null;
  readonly revision: number;
  readonly envelope: Buffer;
  readonly keyId: Buffer;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly idleLifetimeMs: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

interface Serializer {
  readonly id: number;
  serialize(data: unknown): Uint8Array;
  parse(bytes: Uint8Array): unknown;
}

declare class Session<T> implements SessionSummary {
  #private;
  get id(): string;
  get data(): DeepReadonly<T>;
  get userId(): string | undefined;
  get revision(): number;
  get handle(): string;
  get label(): string | undefined;
  get createdAt(): Date;
  get authenticatedAt(): Date | undefined;
  get lastSeenAt(): Date;
  get idleExpiresAt(): Date;
  get absoluteExpiresAt(): Date;
  get servedBy(): "durable" | "primary";
  toJSON(): {
    handle: string;
    revision: number;
    servedBy: "durable" | "primary";
  };
  static inHand(value: unknown): {
    readonly id: string;
    readonly living: LivingSession;
  } | undefined;
}

export declare class SessionClient<T = unknown, Input = T> implements AsyncDisposable {
  #private;
  readonly namespace: string;
  readonly lifetime: {
    readonly idle: number;
    readonly absolute: number;
  };
  readonly maxLifetime: number;
  constructor(options: SessionClientOptions<T, Input>);
  ready(options?: ReadyOptions): Promise<void>;
  newId(): string;
  idFor(text: string): string;
  create(data: DeepReadonly<Input> | Input, options?: CreateOptions): Promise<Session<T>>;
  get(id: string, options?: GetOptions): Promise<Session<T> | null>;
  update(session: SessionRef<T>, change: Change<T, Input>, options?: UpdateOptions): Promise<Session<T>>;
  replace(session: SessionRef<T>, data: DeepReadonly<Input> | Input, options?: ReplaceOptions): Promise<Session<T>>;
  touch(session: SessionRef<T>): Promise<void>;
  regenerate(session: SessionRef<T>, options?: RegenerateOptions<Input>): Promise<Session<T>>;
  destroy(session: SessionRef<T>, options?: DestroyOptions): Promise<boolean>;
  all(): AsyncGenerator<StoredSession<T>, void, undefined>;
  movedSince(id: string): Promise<boolean>;
  destroyAll(options?: DestroyOptions): Promise<number>;
  listByUser(userId: string): Promise<SessionSummary[]>;
  destroyByUser(userId: string, options?: DestroyByUserOptions<T>): Promise<number>;
  destroyByHandle(userId: string, handle: string, options?: DestroyOptions): Promise<boolean>;
  destroyByHandle(userId: string, handles: readonly string[], options?: DestroyOptions): Promise<number>;
  health(): Promise<Health>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface SessionClientOptions<T, Input = T> {
  readonly keys: KeyRing | KeySource;
  readonly primary: PrimaryTier;
  readonly durable: DurableTier;
  readonly lifetime?: Lifetime;
  readonly maxLifetime?: Duration;
  readonly namespace?: string;
  readonly touchInterval?: Duration;
  readonly revalidateAfter?: Duration;
  readonly updateTimeout?: Duration;
  readonly primaryTimeout?: Duration;
  readonly durableTimeout?: Duration;
  readonly durableOutageReads?: Duration;
  readonly sweep?: false | SweepOptions;
  readonly maxPayload?: number;
  readonly memo?: false | {
    readonly bytes: number;
  };
  readonly serializer?: Serializer;
  readonly schema?: AnySchema<T> | StandardSchema<Input, T>;
}

interface SessionCreated extends Begun {
  readonly event: "created";
}

interface SessionEnded extends AuditBase {
  readonly event: "ended";
  readonly by: EndedBy;
  readonly handle: string | null;
  readonly userKey: string | null;
  readonly count: number;
  readonly durable: boolean;
}

export declare class SessionEndedError extends HoldfastError {
  override readonly code = "HOLDFAST_SESSION_ENDED";
  constructor();
}

export declare class SessionExistsError extends HoldfastError {
  override readonly code = "HOLDFAST_SESSION_EXISTS";
  constructor();
}

export declare class SessionMovedError extends HoldfastError {
  override readonly code = "HOLDFAST_SESSION_MOVED";
  override readonly retryable = true;
  constructor();
}

export declare class SessionNotFoundError extends HoldfastError {
  override readonly code = "HOLDFAST_SESSION_NOT_FOUND";
  constructor();
}

interface SessionRecord {
  readonly revision: number;
  readonly tag?: Buffer;
  readonly createdAt: number;
  readonly absoluteExpiresAt: number;
  readonly idleLifetimeMs: number;
  readonly authenticatedAt: number | undefined;
  readonly lineage: Lineage;
  readonly userId: string | undefined;
  readonly label: string | undefined;
  readonly schemaVersion: number;
  readonly data: Buffer;
}

type SessionRef<T> = Session<T> | string;

interface Sessions {
  insert(command: InsertCommand): Promise<InsertOutcome>;
  read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null>;
  readState(storageKey: Buffer): Promise<RecordState | null>;
  update(command: UpdateCommand): Promise<boolean>;
  regenerate(command: RegenerateCommand): Promise<boolean>;
  touch(command: TouchCommand): Promise<RecordState | null>;
  revoke(command: RevokeCommand): Promise<RevokedRow | null>;
  revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome>;
  listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]>;
  findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null>;
}

interface SessionSummary {
  readonly handle: string;
  readonly label: string | undefined;
  readonly createdAt: Date;
  readonly authenticatedAt: Date | undefined;
  readonly lastSeenAt: Date;
  readonly idleExpiresAt: Date;
  readonly absoluteExpiresAt: Date;
}

interface Stamp {
  readonly incarnation: string;
  readonly at: number;
}

interface StandardSchema<Input, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Promise<SchemaResult<Output>> | SchemaResult<Output>;
    readonly types?: {
      readonly input: Input;
      readonly output: Output;
    } | undefined;
  };
}

interface StoredSession<T> extends SessionSummary {
  readonly userId: string | undefined;
  readonly revision: number;
  readonly data: DeepReadonly<T>;
}

interface StoreOutcome {
  readonly call: "destroy" | "set" | "touch";
  readonly code: string;
  readonly handle: string | null;
}

type Suite = 1 | 2;

interface SweepClaim {
  readonly passId: Buffer;
  readonly forMs: number;
}

interface SweepOptions {
  readonly every?: Duration;
  readonly revokedRetention?: Duration;
}

interface SweepPass {
  readonly scanned: number;
  readonly removed: number;
  readonly durationMs: number;
}

interface SweepProgress {
  readonly scanned: number;
  readonly removed: number;
}

export declare function sweepSessions(sessions: AnyClient, options?: SweepSessionsOptions): Promise<SweepProgress>;

interface SweepSessionsOptions {
  readonly revokedRetention?: Duration;
  readonly onProgress?: (progress: SweepProgress) => void;
  readonly signal?: AbortSignal;
}

interface TableFacts {
  readonly name: string;
  readonly isLossy: boolean;
  readonly odd: readonly string[];
  readonly hidesRows: boolean;
}

interface TierChange {
  readonly tier: TierRole;
  readonly state: TierState;
  readonly reason: string;
  readonly advice?: string;
  readonly since: Date;
  readonly changes: number;
}

interface TierContext {
  readonly namespace: string;
  readonly platform: Platform;
  readonly timeoutMs: number;
  readonly sweeps?: boolean;
}

declare class TierFailure extends HoldfastError {
  override readonly code = "HOLDFAST_TIER_FAILURE";
  readonly kind: TierFailureKind;
  readonly reason: string;
  readonly advice: string | undefined;
  constructor(kind: TierFailureKind, reason: string, advice?: string);
}

type TierFailureKind = "ambiguous" | "misconfigured" | "not-sent" | "rejected";

interface TierHealth {
  readonly state: TierState;
  readonly reason?: string;
  readonly advice?: string;
  readonly since: Date;
}

type TierRole = "durable" | "primary";

type TierState = "degraded" | "down" | "up";

export declare class TierUnavailableError extends HoldfastError {
  override readonly code = "HOLDFAST_TIER_UNAVAILABLE";
  override readonly retryable = true;
  readonly tier: TierRole;
  readonly reason: string;
  constructor(tier: TierRole, reason: string);
}

interface TouchCommand {
  readonly storageKey: Buffer;
  readonly lastSeenAt: number;
  readonly aliveAt: number;
  readonly longestPauseMs: number;
}

interface UpdateCommand extends WriteCommand {
  readonly record: SealedRecord;
  readonly replaces: Buffer | null;
  readonly dirty: boolean;
  readonly aliveAt: number;
}

interface UpdateOptions {
  readonly userId?: string | null;
  readonly label?: string | null;
  readonly lifetime?: Lifetime;
}

interface Upkeep {
  walk(command: WalkCommand): Promise<WalkPage>;
  moveUserKey(command: MoveUserKeyCommand): Promise<boolean>;
  claimSweep(claim: SweepClaim): Promise<boolean>;
  findEnded(command: FindEndedCommand): Promise<EndedPage>;
  removeEnded(command: RemoveEndedCommand): Promise<number>;
}

interface UserChanged extends AuditBase {
  readonly event: "user-changed";
  readonly handle: string;
  readonly userKey: string | null;
  readonly previousUserKey: string | null;
}

export declare function userKeysOf(sessions: AnyClient, userId: string): Promise<string[]>;

interface Vantage {
  readonly incarnation: string;
  readonly earliest: number;
  readonly latest: number;
}

export declare function waitForNodes(ring: KeyRing, options: WaitForNodesOptions): Promise<Acknowledgement>;

interface WaitForNodesOptions {
  readonly sessions: AnyClient;
  readonly timeout?: Duration;
}

interface WalkCommand {
  readonly after: Buffer;
  readonly limit: number;
  readonly aliveAt: number;
}

interface WalkCounts {
  scanned: number;
  changed: number;
  upToDate: number;
  ended: number;
  destroyed: number;
  failed: number;
  conflicts: number;
}

interface WalkedRow {
  readonly storageKey: Buffer;
  readonly keyId: Buffer;
  readonly hasUser: boolean;
}

interface WalkFailure {
  readonly handle: string;
  readonly reason: EnvelopeErrorReason | "too-large";
}

interface WalkOptions {
  readonly batchSize?: number;
  readonly concurrency?: number;
  readonly sessionsPerSecond?: number;
  readonly cursor?: string;
  readonly onProgress?: (progress: WalkProgress) => void;
  readonly signal?: AbortSignal;
}

interface WalkPage {
  readonly rows: readonly WalkedRow[];
  readonly next: Buffer | null;
}

interface WalkProgress extends Readonly<WalkCounts> {
  readonly total: number;
  readonly perSecond: number;
  readonly etaMs: number;
  readonly ring: number;
  readonly cursor: string;
}

interface WalkResult extends WalkProgress {
  readonly failures: readonly WalkFailure[];
}

interface WriteCommand {
  readonly writeId: Buffer;
  readonly validUntil: number | null;
}
