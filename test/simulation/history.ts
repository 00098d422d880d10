/** The calls of a client and their answers, each with its time. Times are the world's, in milliseconds. */
export type Outcome =
  | { readonly kind: 'absent' }
  | { readonly kind: 'done'; readonly value: boolean | number | null }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'pending' }
  | {
      readonly kind: 'session';
      readonly id: string;
      readonly revision: number;
      readonly items: readonly string[];
      /** On the wall clock of a clock that is right, as world time. */
      readonly absoluteExpiresAt: number;
      readonly servedBy: 'durable' | 'primary';
    };

export type OperationKind =
  | 'create'
  | 'destroy'
  | 'destroyByUser'
  | 'get'
  | 'regenerate'
  | 'replace'
  | 'strongGet'
  | 'touch'
  | 'update';

export interface Operation {
  readonly index: number;
  readonly node: string;
  readonly kind: OperationKind;
  /** Which session, across its changes of id; null for `destroyByUser`. */
  readonly session: number | null;
  /** The id it was asked about. */
  readonly id: string | null;
  /** Of `create`, `regenerate` and `destroyByUser`; null there for `destroyAll`, which ends everybody’s. */
  readonly userId: string | null;
  /** Of `destroyByUser`: the id of the session that stays. */
  readonly exceptId?: string | null;
  /** It does not count as activity of its session. */
  readonly isPassive?: boolean;
  /** What `create`, `update` and `replace` add. */
  readonly item: string | null;
  /** Of `replace`. */
  readonly expectedRevision: number | null;
  invokedAt: number;
  /** Infinity while there is no answer. */
  returnedAt: number;
  outcome: Outcome;
}

export type History = readonly Operation[];

export interface Violation {
  readonly rule: string;
  readonly message: string;
  readonly session: number | null;
  readonly operations: readonly Operation[];
}

/** The events that may have happened without an answer to any client. */
export function isUncertain({ outcome }: Operation): boolean {
  if (outcome.kind === 'pending') return true;
  if (outcome.kind !== 'failed') return false;
  return outcome.code === 'HOLDFAST_OUTCOME_UNKNOWN' || outcome.code === 'HOLDFAST_REVOCATION_NOT_DURABLE';
}

/** What is known to have happened. */
export function isAcknowledged({ outcome }: Operation): boolean {
  return outcome.kind === 'session' || outcome.kind === 'done';
}

export function mayHaveHappened(operation: Operation): boolean {
  return isUncertain(operation) || isAcknowledged(operation);
}

/** Null, or the error that says the same. */
export function saysNotFound({ outcome }: Operation): boolean {
  return outcome.kind === 'absent' || (outcome.kind === 'failed' && outcome.code === 'HOLDFAST_SESSION_NOT_FOUND');
}

export function describeOperation(operation: Operation): string {
  const { index, node, kind, session, id, userId, exceptId, item, expectedRevision, invokedAt, returnedAt, outcome } =
    operation;
  const about = session === null ? userId : `session ${session}`;
  const details = [
    id && `id ${id.slice(0, 6)}`,
    exceptId && `except ${exceptId.slice(0, 6)}`,
    item && `+${item}`,
    expectedRevision && `at revision ${expectedRevision}`,
  ];
  const asked = [about, ...details].filter(Boolean).join(', ');
  const span = `${invokedAt.toFixed(2)}–${returnedAt === Infinity ? '' : returnedAt.toFixed(2)}`;
  return `#${index} ${node} ${kind}(${asked}) ${span} → ${describeOutcome(outcome)}`;
}

function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'absent':
      return 'null';
    case 'done':
      return `done (${String(outcome.value)})`;
    case 'failed':
      return outcome.code;
    case 'pending':
      return 'no answer';
    case 'session':
      return `${outcome.id.slice(0, 6)} revision ${outcome.revision} [${outcome.items.join(' ')}] from ${outcome.servedBy}`;
    default:
      return outcome satisfies never;
  }
}
