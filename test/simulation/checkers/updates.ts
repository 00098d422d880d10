import { isAcknowledged, mayHaveHappened, type Operation, type Violation } from '../history.ts';
import type { Evidence } from './check.ts';

/**
 * The data of a revision is one list for everybody, each revision's list begins with the one before it, every item is in
 * it once, and exactly the items of writes that were acknowledged or may have happened are.
 */
export function checkUpdates({ history, sessions }: Evidence): Violation[] {
  return sessions.flatMap(({ number }) => checkSession(history.filter(({ session }) => session === number)));
}

function checkSession(operations: readonly Operation[]): Violation[] {
  const violations: Violation[] = [];
  const violate = (rule: string, message: string, ...involved: Operation[]): void => {
    violations.push({ rule, message, session: involved[0]?.session ?? null, operations: involved });
  };
  const authors = new Map(
    operations.flatMap((operation) => (operation.item === null ? [] : [[operation.item, operation]])),
  );
  const witnesses = new Map<number, Operation>();
  for (const operation of operations) {
    const { outcome } = operation;
    if (outcome.kind !== 'session') continue;
    const { items, revision } = outcome;
    if (new Set(items).size !== items.length)
      violate('applied-twice', `an item is twice in [${items.join(' ')}]`, operation);
    for (const item of items) {
      const author = authors.get(item);
      if (author === undefined) violate('invented', `nobody wrote ${item}`, operation);
      else if (!mayHaveHappened(author))
        violate('applied-though-refused', `${item} is there although it was refused`, author, operation);
      else if (author.invokedAt > operation.returnedAt)
        violate('from-the-future', `${item} was read before it was written`, author, operation);
    }
    const witness = witnesses.get(revision);
    if (witness === undefined) witnesses.set(revision, operation);
    else if (!isSameList(itemsOf(witness), items))
      violate('two-truths', `revision ${revision} has two contents`, witness, operation);
    const isWrite = operation.item !== null && isAcknowledged(operation);
    if (isWrite && items.at(-1) !== operation.item)
      violate('not-applied', 'its own item is not the last one', operation);
  }
  const inOrder = [...witnesses].sort(([a], [b]) => a - b).map(([, operation]) => operation);
  inOrder.slice(1).forEach((later, at) => {
    const earlier = inOrder[at]!;
    const [before, after] = [itemsOf(earlier), itemsOf(later)];
    if (!isSameList(after.slice(0, before.length), before))
      violate('lost-update', 'what an earlier revision had is gone', earlier, later);
  });
  return violations;
}

function itemsOf({ outcome }: Operation): readonly string[] {
  return outcome.kind === 'session' ? outcome.items : [];
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
