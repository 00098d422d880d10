import type { Fleet, FleetView, NodeMark, RingMark } from '../../durable.ts';
import { toFleetView, toRaisedRing } from '../../sql/rows/fleet-rows.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaFleet implements Fleet {
  readonly #tier: OpenTierSlot;

  constructor(tier: OpenTierSlot) {
    this.#tier = tier;
  }

  async raiseRing(ring: RingMark): Promise<RingMark> {
    const { namespace, runner, statements } = this.#tier.get();
    return runner.rows(statements.fleet.raiseRing(namespace, ring), toRaisedRing);
  }

  async heartbeat(node: NodeMark): Promise<void> {
    const { namespace, runner, statements } = this.#tier.get();
    await runner.count(statements.fleet.heartbeat(namespace, node));
  }

  async read(): Promise<FleetView> {
    const { namespace, runner, statements, time } = this.#tier.get();
    return runner.rows(statements.fleet.read(namespace, undefined), (rows) => toFleetView(rows, time));
  }

  async nameMasters(seen: string | null, masters: string): Promise<boolean> {
    const { namespace, runner, statements } = this.#tier.get();
    return (await runner.count(statements.fleet.nameMasters(namespace, { seen, masters }))) > 0;
  }

  async forget(which: Buffer | number): Promise<void> {
    const { namespace, runner, statements } = this.#tier.get();
    await runner.count(statements.fleet.forget(namespace, which));
  }
}
