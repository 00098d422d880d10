import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { TlsSettings } from '../options/tls-options.ts';
import type { Endpoint } from '../options/topology.ts';

/** The longest that a half-closed socket keeps the process alive after `close()`. */
const DISCONNECT_TIMEOUT_MS = 100;

/** A new socket to the server; the handshake of TLS, if any, has begun. */
export function openSocket({ host, port }: Endpoint, tls: TlsSettings | undefined): Socket {
  return tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...tlsOptions(host, tls) });
}

export function tlsOptions(host: string, { secureContext, servername }: TlsSettings): ConnectionOptions {
  // An address is not sent as a name (RFC 6066 §3).
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  return {
    secureContext,
    ...(name === undefined ? {} : { servername: name }),
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here.
    rejectUnauthorized: true,
  };
}

/**
 * Gives ioredis its sockets. ioredis listens to the first error of a socket only, and a TLS stream that breaks may have two,
 * one for what was read and one for what was being written: the second would end the process. So a listener stays on each.
 */
export function connectorOf(open: () => Socket): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    #ended: Socket | undefined;

    constructor() {
      super(DISCONNECT_TIMEOUT_MS);
    }

    /** Ends each socket once: ioredis calls this with each reason to disconnect, and adds a listener and a timer to the socket each time. */
    override disconnect(): void {
      const socket = this.stream as Socket | undefined;
      if (socket !== undefined && socket === this.#ended) return;
      this.#ended = socket;
      super.disconnect();
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      delete this.firstError;
      const socket = open().on('error', (error) => (this.firstError ??= error));
      this.stream = socket;
      return socket;
    }
  };
}
