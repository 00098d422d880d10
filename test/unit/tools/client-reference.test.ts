import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Session } from '../../../src/client/session.ts';
import { SessionClient } from '../../../src/index.ts';
import { codesOf, readTable } from '../../../tools/markdown.ts';

const page = readFileSync(new URL('../../../docs/reference/client.md', import.meta.url), 'utf8');

/** The public members of a class, by kind. */
function membersOf(prototype: object, kind: 'get' | 'value'): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, property]) => property[kind] !== undefined && /^[a-z]\w*$/.test(name))
    .map(([name]) => name)
    .filter((name) => !['constructor', 'toJSON'].includes(name));
}

const namesIn = (heading: string): string[] =>
  readTable(page, heading).flatMap(([first = '']) => codesOf(first).map((code) => code.replace(/\(.*/, '')));

describe('the reference of the client', () => {
  it('has each call, and nothing else', () => {
    expect(namesIn('Calls').toSorted()).toEqual(membersOf(SessionClient.prototype, 'value').toSorted());
  });

  it('has each property of a session, and nothing else', () => {
    expect(namesIn('A session').toSorted()).toEqual(membersOf(Session.prototype, 'get').toSorted());
  });
});
