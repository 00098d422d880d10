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

interface Login {
  readonly userId: string;
  readonly label: string;
}

interface Customer extends Login {
  readonly id: string;
}

interface Props {
  readonly nodes: readonly [ShopNode, ...ShopNode[]];
  readonly feed: Feed;
}

/** Customers who use the shop beside the visitor, through any node, while somebody looks. */
export class Customers implements AsyncDisposable {
  readonly #props: Props;
  readonly #loops: Promise<void>[];
  readonly #closing = new AbortController();

  private constructor(props: Props, customers: readonly Customer[]) {
    this.#props = props;
    this.#loops = customers.map((customer) => this.#shop(customer));
  }

  /** Ada's telephone and tablet are among them, so that a logout everywhere has something to end. */
  static async open(props: Props): Promise<Customers> {
    const others = Array.from({ length: CUSTOMERS - 2 }, (_, at) => ({ userId: `customer-${at}`, label: 'A browser' }));
    const adas = ["Ada's telephone", "Ada's tablet"].map((label) => ({ userId: 'ada', label }));
    const [node] = props.nodes;
    const signIn = async (login: Login): Promise<Customer> => {
      return { ...login, id: (await node.sessions.create({ cart: [] }, login)).id };
    };
    return new Customers(props, await Promise.all([...adas, ...others].map(signIn)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#loops);
  }

  async #shop(customer: Customer): Promise<void> {
    const { signal } = this.#closing;
    let { id } = customer;
    while (!signal.aborted) {
      const { nodes, feed } = this.#props;
      const node = nodes[Math.floor(Math.random() * nodes.length)] ?? nodes[0];
      // A failure is in the recorder, and on the panel.
      if (feed.isWatched) id = await request(node.sessions, { ...customer, id }).catch(() => id);
      await pause(THINK_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Looks at the cart or adds to it, and returns the session id: a new one if somebody has logged the customer out. */
async function request(sessions: SessionClient<Shop>, { id, userId, label }: Customer): Promise<string> {
  const session = await sessions.get(id);
  if (session === null) return (await sessions.create({ cart: [] }, { userId, label })).id;
  if (Math.random() < WRITE_SHARE) {
    await sessions.update(session, (shop) => {
      if (shop.cart.length >= CART_LINES) shop.cart = [];
      shop.cart.push({ sku: 'garden', quantity: 1 });
    });
  }
  return id;
}
