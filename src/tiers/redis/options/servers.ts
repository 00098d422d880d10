import type { Topology } from './topology.ts';

/** The servers that an option names, and what else it says. */
export interface FoundServers {
  readonly topology: Topology;
  /** The name of the option, for messages. */
  readonly option: string;
  readonly isEncrypted: boolean;
  /** The user and the password that stand in the address. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}
