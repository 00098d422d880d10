import type { Provider } from './provider.ts';

export type RedisFlavour = 'redis' | 'valkey';

/** Files that the server reads, by name; they hold secrets and are readable by the server alone. */
export type ServerFiles = Readonly<Record<string, string>>;

/** What the provider knows before the server starts. */
export interface Site {
  readonly filesDir: string;
  readonly dataDir: string;
  readonly bind: string;
  readonly port: number;
}

export type FilesFor = (site: Site) => ServerFiles;

/** One server as its provider holds it: a process, or a container. */
export interface RedisMachine {
  readonly provider: Provider;
  readonly host: string;
  readonly dir: string;
  readonly pid: number | undefined;
  launch(options: { wipe: boolean }): Promise<void>;
  /** Rejects if the server dies before `ready` resolves. */
  whenReady(ready: Promise<unknown>): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  /** Snapshot, append-only files and log, byte for byte. */
  dataFiles(): Promise<Buffer>;
  remove(): Promise<void>;
}
