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
import type { Statements } from '../../sql/statements/statements.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaUpkeep implements Upkeep {
  readonly #tier: OpenTierSlot;
  readonly #statements: Statements['upkeep'];

  constructor(tier: OpenTierSlot, statements: Statements['upkeep']) {
    this.#tier = tier;
    this.#statements = statements;
  }

  async walk(command: WalkCommand): Promise<WalkPage> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#statements.walk(namespace, command), (rows) => toWalkPage(rows, command.limit));
  }

  async moveUserKey(command: MoveUserKeyCommand): Promise<boolean> {
    const { namespace, runner } = this.#tier.get();
    return (await runner.count(this.#statements.moveUserKey(namespace, command))) === 1;
  }

  async claimSweep(claim: SweepClaim): Promise<boolean> {
    const { namespace, runner } = this.#tier.get();
    return (await runner.count(this.#statements.claimSweep(namespace, claim))) === 1;
  }

  async findEnded(command: FindEndedCommand): Promise<EndedPage> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#statements.findEnded(namespace, command), (rows) => toEndedPage(rows, command.limit));
  }

  async removeEnded(command: RemoveEndedCommand): Promise<number> {
    const { namespace, runner } = this.#tier.get();
    return runner.count(this.#statements.removeEnded(namespace, command));
  }
}
