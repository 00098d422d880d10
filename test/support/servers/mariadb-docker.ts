import { FILES_DIR, type ServerContainer, startContainer } from './docker.ts';
import { firstStatements, type MariadbAccounts, type MariadbMachine } from './mariadb-machine.ts';
import { mysqlFlavour } from './mysql-flavours.ts';
import { choiceOf } from './provider.ts';

const DEFAULT_IMAGE = 'mariadb:11.8';
const KEYS_DIR = '/etc/holdfast-keys';

export async function launchMariadbContainer(port: number, accounts: MariadbAccounts): Promise<MariadbMachine> {
  const settings = {
    ssl_cert: `${KEYS_DIR}/server.crt`,
    ssl_key: `${KEYS_DIR}/server.key`,
    init_file: `${KEYS_DIR}/first.sql`,
    ...accounts.settings,
  };
  const { program, rootPassword } = mysqlFlavour();
  const flags = Object.entries(settings).map(([name, value]) => `--${name.replaceAll('_', '-')}='${value}'`);
  const container = await startContainer({
    image: choiceOf('MYSQL').image ?? DEFAULT_IMAGE,
    ports: { container: 3306, host: port },
    environment: { [rootPassword]: accounts.adminPassword },
    // Files that were copied belong to root, and the server runs as an account of its own.
    script: [
      `install -d -o mysql ${KEYS_DIR}`,
      `install -o mysql -m 600 ${FILES_DIR}/* ${KEYS_DIR}`,
      `exec docker-entrypoint.sh ${program} ${flags.join(' ')}`,
    ].join(' && '),
    files: {
      'server.crt': accounts.certificates.certificate,
      'server.key': accounts.certificates.privateKey,
      'first.sql': firstStatements(accounts),
    },
  });
  return new MariadbContainer(container);
}

class MariadbContainer implements MariadbMachine {
  readonly provider = 'docker';
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

  remove(): Promise<void> {
    return this.#container.remove();
  }
}
