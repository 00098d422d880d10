import { durablePolicies, type DurablePolicies } from '../../src/tiering/guard/durable-policies.ts';

type SessionPolicies = DurablePolicies['sessions'];

const { sessions } = durablePolicies;
const { touch: _touch, ...incomplete } = sessions;

// @ts-expect-error each method has a policy
export const withoutTouch: SessionPolicies = incomplete;

// @ts-expect-error a lost answer of a write is an unknown outcome
export const carelessRevoke: SessionPolicies = { ...sessions, revoke: 'query' };

// @ts-expect-error a write that compares before it swaps may have been refused for being late
export const carelessUpdate: SessionPolicies = { ...sessions, update: 'write' };

// @ts-expect-error a lost answer of a read changed nothing
export const anxiousRead: SessionPolicies = { ...sessions, read: 'write' };

// @ts-expect-error there is no such method
export const withAnother: SessionPolicies = { ...sessions, forgetEverything: 'query' };
