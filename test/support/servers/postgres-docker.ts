import { FILES_DIR, type ServerContainer, startContainer } from './docker.ts';
import { HOST_RULES, type PostgresAccounts, type PostgresMachine } from './postgres-machine.ts';
import { choiceOf, ProviderUnavailable } from './provider.ts';

const DEFAULT_IMAGE = 'postgres:17';
const KEYS_DIR = '/etc/holdfast-keys';

export async function launchPostgresContainer(port: number, accounts: PostgresAccounts): Promise<PostgresMachine> {
  const settings = {
    ssl: 'on',
    ssl_cert_file: `${KEYS_DIR}/server.crt`,
    ssl_key_file: `${KEYS_DIR}/server.key`,
    hba_file: `${KEYS_DIR}/pg_hba.conf`,
    ...accounts.settings,
  };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  const container = await startContainer({
    image: choiceOf('POSTGRES').image ?? DEFAULT_IMAGE,
    ports: { container: 5432, host: port },
    environment: { POSTGRES_USER: accounts.admin, POSTGRES_PASSWORD: accounts.adminPassword, POSTGRES_DB: 'postgres' },
    // The server insists that its key belongs to its own account, and a copied file belongs to root.
    script: [
      `install -d -o postgres ${KEYS_DIR}`,
      `install -o postgres -m 600 ${FILES_DIR}/* ${KEYS_DIR}`,
      `exec docker-entrypoint.sh postgres ${flags.join(' ')}`,
    ].join(' && '),
    files: {
      'server.crt': accounts.certificates.certificate,
      'server.key': accounts.certificates.privateKey,
      'pg_hba.conf': HOST_RULES,
    },
  });
  return new PostgresContainer(container);
}

class PostgresContainer implements PostgresMachine {
  readonly provider = 'docker';
  readonly pid = undefined;
  readonly #container: ServerContainer;

  constructor(container: ServerContainer) {
    this.#container = container;
  }

  get host(): string {
    return this.#container.host;
  }

  launch(): Promise<void> {
    return this.#container.launch({ wipe: false });
  }

  async whenReady(ready: Promise<unknown>): Promise<void> {
    await ready;
  }

  pause(): Promise<void> {
    return this.#container.pause();
  }

  resume(): Promise<void> {
    return this.#container.resume();
  }

  kill(): Promise<void> {
    return this.#container.kill();
  }

  shutDown(): Promise<void> {
    return this.#container.kill('SIGINT');
  }

  remove(): Promise<void> {
    return this.#container.remove();
  }

  copy(): Promise<PostgresMachine> {
    return Promise.reject(new ProviderUnavailable('data in a container cannot be copied'));
  }

  becomeStandby(): Promise<void> {
    return Promise.reject(new ProviderUnavailable('a container has no standby'));
  }
}
