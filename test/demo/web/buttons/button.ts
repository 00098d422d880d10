import type { Shop } from '../../../../examples/shop/sessions.ts';
import type { RequestSession } from 'holdfast/express';
import type { Watch } from '../watch.ts';
import type { World } from '../world.ts';

/** The browser that pressed the button. */
export interface Visitor {
  /** The id in its cookie; undefined if it has none. */
  readonly id: string | undefined;
  readonly session: RequestSession<Shop>;
}

export interface Outcome {
  /** What happened to the machines, in one sentence. */
  readonly did: string;
  /** What the library did about it, in one sentence; it waits until that can be seen. */
  readonly reaction: (watch: Watch) => Promise<string> | string;
}

/** A button of the panel. Throws `CannotPress` where it makes no sense at present. */
export type Button = (world: World, visitor: Visitor) => Promise<Outcome>;

/** The reason why a button does nothing at present, for the visitor. */
export class CannotPress extends Error {}
