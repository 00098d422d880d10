export { HoldfastStore } from './holdfast-store.ts';
export type { StoredCookie, StoredRequestSession } from './holdfast-store.ts';
export type { OldStore } from './store-import.ts';
export type { HoldfastStoreOptions } from './store-options.ts';
