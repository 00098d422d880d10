import type { Endpoint } from '../options/topology.ts';
import { SLOTS } from './slot.ts';

/** A master as some node sees it, and the slots that it claims. */
export interface ClaimingMaster {
  /** 40 hex digits. */
  readonly id: string;
  /** The address that it announces, and the host name, if it announces one. */
  readonly address: Endpoint;
  readonly hostname: string | undefined;
  /** The config epoch: of two masters that claim a slot, the one with the higher epoch has it. */
  readonly epoch: number;
  /** The first and the last slot of each range. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** The cluster as one of its nodes sees it. */
export interface NodesView {
  /** The id of the node that answered. */
  readonly self: string | undefined;
  readonly masters: readonly ClaimingMaster[];
  /** The ids of all nodes that it knows, whatever they are: by these, two views are known to be of one cluster. */
  readonly ids: ReadonlySet<string>;
  /** The slots that the node itself is handing over to others. */
  readonly leaving: readonly number[];
}

/** Masters without an address, or not met yet, cannot be connected to. */
const UNUSABLE = ['handshake', 'noaddr'];
/** `10.0.0.7:6379@16379,a.internal,shard-id=…`; before Redis 7 without names, before Redis 4 without the port of the bus. */
const PLACE = /^(.*):(\d+)(?:@\d+)?(?:,([^,]*))?/;

/**
 * Reads the answer to CLUSTER NODES. `askedHost` stands in for the address of a node that does not know its own.
 *
 * The answer has the config epochs, which CLUSTER SLOTS and SHARDS lack; and SHARDS has left masters out. Whatever is not understood is
 * passed over.
 */
export function parseNodesView(text: string, askedHost: string): NodesView {
  let self: string | undefined;
  const masters: ClaimingMaster[] = [];
  const leaving: number[] = [];
  const ids = new Set<string>();
  for (const line of text.split('\n')) {
    const [id = '', place = '', flagText = '', , , , epoch, , ...slots] = line.trim().split(' ');
    const flags = flagText.split(',');
    if (place !== '') ids.add(id);
    if (flags.includes('myself')) {
      self = id;
      leaving.push(...slots.flatMap(parseLeaving));
    }
    const [, host, port, hostname] = PLACE.exec(place) ?? [];
    const isUsable = flags.includes('master') && !UNUSABLE.some((flag) => flags.includes(flag));
    if (port === undefined || !isUsable || !/^[0-9a-f]{40}$/.test(id)) continue;
    const ranges = slots.flatMap(parseRange);
    // A master that was replaced stays on the list for as long as it is dead.
    if (flags.includes('fail') && ranges.length === 0) continue;
    const address = { host: host || askedHost, port: Number(port) };
    masters.push({ id, address, hostname: hostname || undefined, epoch: Number(epoch), ranges });
  }
  return { self, masters, ids, leaving };
}

/** `[93->-<id>]`; `[77-<-<id>]` is a slot on its way to the node. */
function parseLeaving(text: string): number[] {
  const slot = /^\[(\d{1,5})->-/.exec(text)?.[1];
  return slot !== undefined && Number(slot) < SLOTS ? [Number(slot)] : [];
}

/** `7` or `0-5460`. What is in brackets is on its way, and counted to its owner. A slot may come twice. */
function parseRange(text: string): [number, number][] {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const isRange = first !== undefined && Number(first) <= Number(last) && Number(last) < SLOTS;
  return isRange ? [[Number(first), Number(last)]] : [];
}
