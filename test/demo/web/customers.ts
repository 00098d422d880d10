import { setTimeout as pause } from 'node:timers/promises';
import type { SessionClient } from 'holdfast';
import type { Shop } from '../../../examples/shop/sessions.ts';
import type { Feed } from './feed.ts';
import type { ShopNode } from './shop-node.ts';

const CUSTOMERS = 12;
/** Between two requests of one customer, on average: some thirty a second in all. */
const THINK_MS = 400;
/** One request in eight changes something. */
const WRITE_SHARE = 0.125;
/** A cart that is this full is emptied. */
const CART_LINES = 6;

interface Props {
  readonly nodes: readonly ShopNode[];
  readonly feed: Feed;
}

/** Customers who use the shop beside the visitor, through any node, while somebody looks. */
export class Customers implements AsyncDisposable {
  readonly #props: Props;
  readonly #loops: Promise<void>[];
  readonly #closing = new AbortController();

  private constructor(props: Props, ids: readonly string[]) {
    this.#props = props;
    this.#loops = ids.map((id) => this.#shop(id));
  }

  /** Ada's telephone and tablet are among them, so that a logout everywhere has something to end. */
  static async open(props: Props): Promise<Customers> {
    const others = Array.from({ length: CUSTOMERS - 2 }, (_, at) => ({ userId: `customer-${at}`, label: 'A browser' }));
    const adas = ["Ada's telephone", "Ada's tablet"].map((label) => ({ userId: 'ada', label }));
    const [node] = props.nodes;
    if (node === undefined) throw new Error('The shop has no nodes.');
    const made = await Promise.all([...adas, ...others].map((who) => node.sessions.create({ cart: [] }, who)));
    return new Customers(
      props,
      made.map(({ id }) => id),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#loops);
  }

  async #shop(id: string): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const { nodes, feed } = this.#props;
      const node = nodes[Math.floor(Math.random() * nodes.length)];
      // A failure is in the recorder, and on the panel.
      if (feed.isWatched && node !== undefined) await request(node.sessions, id).catch(() => undefined);
      await pause(THINK_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }
}

async function request(sessions: SessionClient<Shop>, id: string): Promise<void> {
  if (Math.random() >= WRITE_SHARE) await sessions.get(id);
  else {
    await sessions.update(id, (shop) => {
      if (shop.cart.length >= CART_LINES) shop.cart = [];
      shop.cart.push({ sku: 'garden', quantity: 1 });
    });
  }
}
