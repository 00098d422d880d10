import { isAcknowledged, isUncertain, saysNotFound, type Operation, type Violation } from '../history.ts';
import type { Evidence } from './check.ts';
import { skewBetween } from './margins.ts';

interface State {
  readonly revision: number;
  /** Null once it has ended, or moved to an id that no client got. */
  readonly id: string | null;
  readonly isAlive: boolean;
  readonly isCreated: boolean;
  readonly userId: string | null;
}

interface Step {
  readonly operation: Operation;
  readonly from: number;
  readonly until: number;
  readonly isOptional: boolean;
  /** The state after it, or null where it cannot have happened with this answer. */
  apply(state: State): State | null;
}

const STEPS_MAX = 200_000;

/** What makes a node misjudge the database's clock. */
const CLOCKS_OF_DATABASE: ReadonlySet<string> = new Set([
  'clock-database',
  'excursion-database',
  'node-suspend',
  'server-clock',
]);

/**
 * Whether there is one order of all writes, strong reads and "not found"s of a session that explains every answer and
 * agrees with time (Wing and Gong, "Testing and verifying concurrent objects", 1993; memory as in Lowe, 2017). Bounded
 * reads are not part of it: they may be of the past.
 */
export function checkLinearizability({ history, sessions, plan }: Evidence): {
  violations: Violation[];
  undecided: number;
} {
  const violations: Violation[] = [];
  let undecided = 0;
  const isClockSet = plan.faults.some(({ kind }) => CLOCKS_OF_DATABASE.has(kind));
  const expires = plan.absoluteMs < 600_000;
  for (const { number } of sessions) {
    const operations = history.filter(({ session, kind }) => session === number || kind === 'destroyByUser');
    const creation = operations.find(({ kind, session }) => kind === 'create' && session === number);
    if (creation?.outcome.kind !== 'session') continue;
    const { id, revision } = creation.outcome;
    const born: State = { revision, id, isAlive: true, isCreated: true, userId: creation.userId };
    const users = new Set(operations.filter(({ session }) => session === number).map(({ userId }) => userId));
    // A process may have died before it could say so.
    const isHalfDead = operations.some(
      ({ kind, outcome }) =>
        (outcome.kind === 'failed' && outcome.code === 'HOLDFAST_REVOCATION_NOT_DURABLE') ||
        (kind === 'destroy' && outcome.kind === 'pending'),
    );
    const doubtful = operations.filter(isDestroyInDoubt);
    const own = operations
      // What ended in doubt may still run.
      .filter((operation) => operation !== creation)
      // The node that owes a revocation calls the session ended until it has succeeded, and others need not know.
      .filter(
        (operation) => !saysNotFound(operation) || !doubtful.some((destroy) => isAnswerOfItsNode(destroy, operation)),
      )
      .filter((operation) => operation.returnedAt >= creation.invokedAt || isUncertain(operation))
      .filter(({ kind, userId }) => kind !== 'destroyByUser' || userId === null || users.has(userId))
      // A node that misjudges the database's clock sends writes that come too late, which `replace` takes for a conflict.
      .filter(
        ({ outcome }) => !isClockSet || outcome.kind !== 'failed' || outcome.code !== 'HOLDFAST_REVISION_CONFLICT',
      )
      .map((operation) => toStep(operation, !expires && !isHalfDead, expires))
      .filter((step) => step !== null);
    const birth: Step = {
      operation: creation,
      from: creation.invokedAt,
      until: creation.returnedAt,
      isOptional: false,
      apply: (state) => (state.isCreated ? null : born),
    };
    const aftermath = operations
      .filter(({ userId }) => users.has(userId))
      .flatMap((operation) => toAftermath(operation, creation, skewBetween(plan)));
    const steps = [birth, ...own, ...aftermath];
    const result = search(steps, { ...dead(born), isCreated: false });
    if (result === 'undecided') undecided += 1;
    if (result !== 'no') continue;
    const message = 'no order of its writes and strong reads explains their answers';
    violations.push({
      rule: 'not-linearizable',
      message,
      session: number,
      operations: steps.map(({ operation }) => operation),
    });
  }
  return { violations, undecided };
}

function isDestroyInDoubt({ kind, outcome }: Operation): boolean {
  return kind === 'destroy' && outcome.kind === 'failed' && outcome.code === 'HOLDFAST_OUTCOME_UNKNOWN';
}

function isAnswerOfItsNode(destroy: Operation, { node, returnedAt }: Operation): boolean {
  return node === destroy.node && returnedAt >= destroy.invokedAt;
}

function toStep(operation: Operation, countsNotFound: boolean, expires: boolean): Step | null {
  const { kind, id, userId, outcome, expectedRevision, invokedAt: from, returnedAt } = operation;
  const isOptional = isUncertain(operation);
  const step = (apply: Step['apply']): Step => ({
    operation,
    from,
    until: isOptional ? Infinity : returnedAt,
    isOptional,
    apply,
  });
  const isHere = (state: State): boolean => state.isAlive && state.id === id;
  if (saysNotFound(operation)) return countsNotFound ? step((state) => (isHere(state) ? null : state)) : null;
  const isApplied = isAcknowledged(operation);
  switch (kind) {
    case 'create':
    case 'get':
    case 'touch':
      return null;
    case 'strongGet':
      if (outcome.kind !== 'session') return null;
      return step((state) => (isHere(state) && state.revision === outcome.revision ? state : null));
    case 'update':
    case 'replace': {
      if (kind === 'replace' && outcome.kind === 'failed' && outcome.code === 'HOLDFAST_REVISION_CONFLICT') {
        return step((state) => (isHere(state) && state.revision === expectedRevision ? null : state));
      }
      if (!isApplied && !isOptional) return null;
      return step((state) => {
        const next = { ...state, revision: state.revision + 1 };
        if (!isHere(state) || (kind === 'replace' && state.revision !== expectedRevision)) return null;
        return outcome.kind === 'session' && outcome.revision !== next.revision ? null : next;
      });
    }
    case 'regenerate':
      if (!isApplied && !isOptional) return null;
      return step((state) => {
        const next = { ...state, revision: state.revision + 1, userId: userId ?? state.userId };
        if (!isHere(state)) return null;
        if (outcome.kind !== 'session') return { ...next, id: null };
        return outcome.revision === next.revision ? { ...next, id: outcome.id } : null;
      });
    case 'destroy':
      if (!isApplied && !isOptional) return null;
      return step((state) => {
        if (outcome.kind === 'done' && outcome.value === true) return state.isAlive ? dead(state) : null;
        // With an earlier id it may have found the session or not, and an answer that was lost may have said "true".
        if (isHere(state) && outcome.kind === 'done') return expires ? dead(state) : null;
        return isOptional ? dead(state) : state;
      });
    case 'destroyByUser':
      if (!isApplied && !isOptional) return null;
      return step((state) => (isMeant(state, operation) ? dead(state) : isOptional ? null : state));
    default:
      return kind satisfies never;
  }
}

/** `destroyByUser` looks once more for logins that were in flight; by the clocks of nodes, which differ. */
function toAftermath(operation: Operation, creation: Operation, skew: number): Step[] {
  const { kind, userId, invokedAt: from, returnedAt } = operation;
  const isAfter = creation.invokedAt > returnedAt + skew;
  if (kind !== 'destroyByUser' || userId === null || isAfter || !(isAcknowledged(operation) || isUncertain(operation)))
    return [];
  const apply: Step['apply'] = (state) => (isMeant(state, operation) ? dead(state) : null);
  return [{ operation, from, until: Infinity, isOptional: true, apply }];
}

/** Everybody is meant by a call that names no user. */
function isMeant(state: State, { userId, exceptId = null }: Operation): boolean {
  const isSpared = exceptId !== null && state.id === exceptId;
  return state.isAlive && (userId === null || state.userId === userId) && !isSpared;
}

function dead(state: State): State {
  return { ...state, isAlive: false, revision: 0, id: null, userId: null };
}

function search(steps: readonly Step[], initial: State): 'no' | 'undecided' | 'yes' {
  // What must have happened is tried before what only may have.
  const inOrder = steps.toSorted((a, b) => Number(a.isOptional) - Number(b.isOptional) || a.from - b.from);
  const isDone = new Uint8Array(inOrder.length);
  const seen = new Set<string>();
  let left = inOrder.filter(({ isOptional }) => !isOptional).length;
  let budget = STEPS_MAX;
  const explore = (state: State): boolean => {
    if (left === 0) return true;
    budget -= 1;
    if (budget < 0) return false;
    const place = `${state.revision} ${state.id} ${state.isAlive} ${state.isCreated} ${state.userId} ${Buffer.from(isDone).toString('latin1')}`;
    if (seen.has(place)) return false;
    seen.add(place);
    let horizon = Infinity;
    inOrder.forEach(({ isOptional, until }, at) => {
      if (!isDone[at] && !isOptional && until < horizon) horizon = until;
    });
    for (const [at, step] of inOrder.entries()) {
      if (isDone[at] || step.from > horizon) continue;
      const next = step.apply(state);
      if (next === null) continue;
      isDone[at] = 1;
      if (!step.isOptional) left -= 1;
      if (explore(next)) return true;
      isDone[at] = 0;
      if (!step.isOptional) left += 1;
    }
    return false;
  };
  if (explore(initial)) return 'yes';
  return budget < 0 ? 'undecided' : 'no';
}
