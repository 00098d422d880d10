import type {
  EndedPage,
  FindEndedCommand,
  MoveUserKeyCommand,
  RemoveEndedCommand,
  SweepClaim,
  Upkeep,
  WalkCommand,
  WalkPage,
} from '../../durable.ts';
import type { Dialect } from '../dialect.ts';
import { toEndedPage, toWalkPage } from '../fleet-rows.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaUpkeep implements Upkeep {
  readonly #tier: OpenTierSlot;
  readonly #fleet: Dialect['fleet'];
  readonly #sweep: Dialect['sweep'];

  constructor(tier: OpenTierSlot, { fleet, sweep }: Dialect) {
    this.#tier = tier;
    this.#fleet = fleet;
    this.#sweep = sweep;
  }

  async walk(command: WalkCommand): Promise<WalkPage> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#fleet.walk(namespace, command), (rows) => toWalkPage(rows, command.limit));
  }

  async moveUserKey(command: MoveUserKeyCommand): Promise<boolean> {
    const { namespace, runner } = this.#tier.get();
    return (await runner.count(this.#fleet.moveUserKey(namespace, command))) === 1;
  }

  async claimSweep(claim: SweepClaim): Promise<boolean> {
    const { namespace, runner } = this.#tier.get();
    return (await runner.count(this.#sweep.claimSweep(namespace, claim))) === 1;
  }

  async findEnded(command: FindEndedCommand): Promise<EndedPage> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#sweep.findEnded(namespace, command), (rows) => toEndedPage(rows, command.limit));
  }

  async removeEnded(command: RemoveEndedCommand): Promise<number> {
    const { namespace, runner } = this.#tier.get();
    return runner.count(this.#sweep.removeEnded(namespace, command));
  }
}
