import type { Fleet, FleetView, NodeMark, RingMark } from '../../durable.ts';
import type { Dialect } from '../dialect.ts';
import { toFleet, toRaisedRing } from '../fleet-rows.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaFleet implements Fleet {
  readonly #tier: OpenTierSlot;
  readonly #statements: Dialect['fleet'];

  constructor(tier: OpenTierSlot, { fleet }: Dialect) {
    this.#tier = tier;
    this.#statements = fleet;
  }

  async raiseRing(ring: RingMark): Promise<RingMark> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#statements.raiseRing(namespace, ring), toRaisedRing);
  }

  async heartbeat(node: NodeMark): Promise<void> {
    const { namespace, runner } = this.#tier.get();
    await runner.count(this.#statements.heartbeat(namespace, node));
  }

  async read(): Promise<FleetView> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#statements.readFleet(namespace), toFleet);
  }

  async forget(which: Buffer | number): Promise<void> {
    const { namespace, runner } = this.#tier.get();
    await runner.count(this.#statements.forgetNodes(namespace, which));
  }
}
