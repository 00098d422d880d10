export { HoldfastStore } from './holdfast-store.ts';
export type { StoredCookie, StoredRequestSession } from './holdfast-store.ts';
export type { OldStore } from './old-store.ts';
export type { HoldfastStoreOptions } from './store-options.ts';
