import type { ServerCertificates } from './certificates.ts';
import type { Provider } from './provider.ts';

export interface MariadbAccounts {
  readonly admin: string;
  readonly adminPassword: string;
  readonly certificates: ServerCertificates;
  readonly settings: Readonly<Record<string, string>>;
}

/** One server as its provider holds it: a process, or a container. */
export interface MariadbMachine {
  readonly provider: Provider;
  readonly host: string;
  launch(): Promise<void>;
  whenReady(ready: Promise<unknown>): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  remove(): Promise<void>;
}

/** Runs at each start, as the server's own account: makes the administrator, who makes everybody else. */
export function firstStatements({ admin, adminPassword }: MariadbAccounts): string {
  const user = `'${admin}'@'%'`;
  return [
    `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${adminPassword}';`,
    `GRANT ALL ON *.* TO ${user} WITH GRANT OPTION;`,
    '',
  ].join('\n');
}
