/**
 * True for everything that can be awaited, also if it is no `Promise`: a query of Prisma or knex, or a promise of another
 * realm.
 */
export function isThenable<V>(value: PromiseLike<V> | V): value is PromiseLike<V> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
