import type { Fleet, FleetView, NodeMark, RingMark } from '../../durable.ts';
import { toFleetView, toRaisedRing } from '../../sql/rows/fleet-rows.ts';
import type { Statements } from '../../sql/statements/statements.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaFleet implements Fleet {
  readonly #tier: OpenTierSlot;
  readonly #statements: Statements['fleet'];

  constructor(tier: OpenTierSlot, statements: Statements['fleet']) {
    this.#tier = tier;
    this.#statements = statements;
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
    return runner.rows(this.#statements.read(namespace, undefined), toFleetView);
  }

  async nameMasters(seen: string | null, masters: string): Promise<boolean> {
    const { namespace, runner } = this.#tier.get();
    return (await runner.count(this.#statements.nameMasters(namespace, { seen, masters }))) > 0;
  }

  async forget(which: Buffer | number): Promise<void> {
    const { namespace, runner } = this.#tier.get();
    await runner.count(this.#statements.forget(namespace, which));
  }
}
