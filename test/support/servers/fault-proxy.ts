import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'up' | 'down';

/** What the wire does to bytes. `up` is towards the server. */
export interface Faults {
  /** Each chunk is delivered this much later. */
  readonly latencyMs?: number;
  /** Connections stay open and nothing passes; what was sent arrives after `heal()`, as from a frozen server. */
  readonly stall?: Direction | 'both';
  /** Bytes vanish without a word, as behind a dead router. `heal()` resets the connections that lost some. */
  readonly blackHole?: boolean;
  /** New connections are reset at once; those that exist go on. */
  readonly refuse?: boolean;
  /** A connection is reset once this many more bytes passed in that direction: cuts a request or a reply in two. */
  readonly byteLimit?: { readonly direction: Direction; readonly bytes: number };
  /** One bit is turned in this chunk that each connection sends in that direction from now on; 1 is the next. */
  readonly flip?: { readonly direction: Direction; readonly chunk: number };
}

/** A TCP proxy in front of a server, to break the wire and leave the server well. Knows nothing of what it carries. */
export class FaultProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #faults: Faults = {};
  /** Connections accepted since the start. */
  accepted = 0;
  /** Connections that were refused or reset, and chunks that were lost or delayed. */
  disturbed = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, proxy.host, resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Resolves when the next connection is accepted, before anything passes over it. */
  nextConnection(): Promise<void> {
    return new Promise((resolve) => this.#server.once('connection', () => resolve()));
  }

  /** The faults from now on, for connections that exist as for new ones. */
  set(faults: Faults): void {
    this.#faults = faults;
    for (const link of this.#links) link.set(faults);
  }

  heal(): void {
    this.set({});
    for (const link of this.#links) if (link.lostBytes) link.reset();
  }

  /** Where connections lead from now on; those that exist go on where they were. */
  leadTo(target: { readonly host: string; readonly port: number }): void {
    this.#target = target;
  }

  /** RST to both ends of every connection. */
  resetAll(): void {
    this.disturbed += this.#links.size;
    for (const link of this.#links) link.reset();
  }

  async stop(): Promise<void> {
    this.resetAll();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.#faults.refuse) {
      this.disturbed += 1;
      client.on('error', () => {}).resetAndDestroy();
      return;
    }
    const { host, port } = this.#target;
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const link: Link = new Link(client, server, {
      disturbed: () => (this.disturbed += 1),
      ended: () => this.#links.delete(link),
    });
    this.#links.add(link);
    link.set(this.#faults);
  }
}

interface LinkEvents {
  disturbed(): void;
  ended(): void;
}

/** One proxied connection. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #pipes: readonly Pipe[];
  readonly #events: LinkEvents;

  constructor(client: Socket, server: Socket, events: LinkEvents) {
    this.#client = client;
    this.#server = server;
    this.#events = events;
    const cut = (): void => this.reset();
    const disturbed = (): void => events.disturbed();
    this.#pipes = [
      new Pipe('up', client, server, { cut, disturbed }),
      new Pipe('down', server, client, { cut, disturbed }),
    ];
    for (const socket of [client, server]) socket.on('error', cut).on('close', () => this.#ended());
  }

  get lostBytes(): boolean {
    return this.#pipes.some((pipe) => pipe.lostBytes);
  }

  set(faults: Faults): void {
    for (const pipe of this.#pipes) pipe.set(faults);
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
    this.#events.ended();
  }

  #ended(): void {
    if (this.#client.destroyed && this.#server.destroyed) this.#events.ended();
    // One end is closed for good: what it will never read or send again is of no use to the other.
    else if (this.#client.destroyed) this.#server.destroy();
    else this.#client.destroy();
  }
}

interface PipeEvents {
  cut(): void;
  disturbed(): void;
}

/** One direction of a connection. */
class Pipe {
  readonly #direction: Direction;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #events: PipeEvents;
  readonly #waiting: { readonly bytes: Buffer; readonly dueAt: number }[] = [];
  #faults: Faults = {};
  #remaining = Infinity;
  #chunksUntilFlip = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  lostBytes = false;

  constructor(direction: Direction, from: Socket, to: Socket, events: PipeEvents) {
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#events = events;
    from.on('data', (bytes: Buffer) => this.#receive(bytes));
    from.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    from.on('close', () => clearTimeout(this.#timer));
  }

  set(faults: Faults): void {
    this.#faults = faults;
    const { byteLimit, flip } = faults;
    this.#chunksUntilFlip = flip?.direction === this.#direction ? flip.chunk : 0;
    this.#remaining = byteLimit?.direction === this.#direction ? byteLimit.bytes : Infinity;
    // A stalled direction stops reading, so that the sender's own buffers fill up as they would against a frozen peer.
    if (this.#stalled) this.#from.pause();
    else this.#from.resume();
    this.#pump();
  }

  get #stalled(): boolean {
    return this.#faults.stall === 'both' || this.#faults.stall === this.#direction;
  }

  #receive(bytes: Buffer): void {
    if (this.#faults.blackHole || this.#faults.latencyMs !== undefined) this.#events.disturbed();
    if (this.#faults.blackHole) {
      this.lostBytes = true;
      return;
    }
    this.#chunksUntilFlip -= 1;
    if (this.#chunksUntilFlip === 0) bytes[bytes.length >> 1]! ^= 1;
    this.#waiting.push({ bytes, dueAt: performance.now() + (this.#faults.latencyMs ?? 0) });
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    for (;;) {
      if (this.#stalled) return;
      const next = this.#waiting[0];
      if (!next) break;
      const wait = next.dueAt - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), wait);
        return;
      }
      this.#waiting.shift();
      if (!this.#deliver(next.bytes)) return;
    }
    if (this.#ended && !this.#to.writableEnded) this.#to.end();
  }

  #deliver(bytes: Buffer): boolean {
    const allowed = bytes.subarray(0, this.#remaining);
    this.#remaining -= allowed.length;
    if (this.#remaining > 0) {
      this.#to.write(allowed);
      return true;
    }
    this.#events.disturbed();
    this.#to.write(allowed, () => this.#events.cut());
    return false;
  }
}
