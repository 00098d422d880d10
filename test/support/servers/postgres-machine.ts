import type { ServerCertificates } from './certificates.ts';
import type { Provider } from './provider.ts';

export interface PostgresAccounts {
  readonly admin: string;
  readonly adminPassword: string;
  readonly certificates: ServerCertificates;
  readonly settings: Readonly<Record<string, string>>;
}

/** One server as its provider holds it: a process with its children, or a container. */
export interface PostgresMachine {
  readonly provider: Provider;
  readonly host: string;
  readonly pid: number | undefined;
  launch(): Promise<void>;
  whenReady(ready: Promise<unknown>): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  /** Stops as an administrator does, without waiting for clients ("fast"): each connection is notified, then closed. */
  shutDown(): Promise<void>;
  remove(): Promise<void>;
  /** Another server at `port` with a copy of the data of this one, which is stopped. Local servers only. */
  copy(port: number): Promise<PostgresMachine>;
  /** Starts in recovery from now on: follows the server of `conninfo`, or nobody. Local servers only. */
  becomeStandby(conninfo: string | null): Promise<void>;
}

/** TLS or nothing, and a password always, also on the socket. */
export const HOST_RULES: string = [
  'local all all scram-sha-256',
  'hostssl all all all scram-sha-256',
  'hostssl replication all all scram-sha-256',
  '',
].join('\n');
