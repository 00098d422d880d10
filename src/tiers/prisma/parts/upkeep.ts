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
import { toEndedPage, toWalkPage } from '../../sql/rows/fleet-rows.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaUpkeep implements Upkeep {
  readonly #tier: OpenTierSlot;

  constructor(tier: OpenTierSlot) {
    this.#tier = tier;
  }

  async walk(command: WalkCommand): Promise<WalkPage> {
    const { namespace, runner, statements } = this.#tier.get();
    return runner.rows(statements.upkeep.walk(namespace, command), (rows) => toWalkPage(rows, command.limit));
  }

  async moveUserKey(command: MoveUserKeyCommand): Promise<boolean> {
    const { namespace, runner, statements } = this.#tier.get();
    return (await runner.count(statements.upkeep.moveUserKey(namespace, command))) === 1;
  }

  async claimSweep(claim: SweepClaim): Promise<boolean> {
    const { namespace, runner, statements } = this.#tier.get();
    return (await runner.count(statements.upkeep.claimSweep(namespace, claim))) === 1;
  }

  async findEnded(command: FindEndedCommand): Promise<EndedPage> {
    const { namespace, runner, statements } = this.#tier.get();
    return runner.rows(statements.upkeep.findEnded(namespace, command), (rows) => toEndedPage(rows, command.limit));
  }

  async removeEnded(command: RemoveEndedCommand): Promise<number> {
    const { namespace, runner, statements } = this.#tier.get();
    return runner.count(statements.upkeep.removeEnded(namespace, command));
  }
}
