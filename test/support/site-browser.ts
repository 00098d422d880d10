import { CookieJar } from './cookie-jar.ts';

/** A browser as far as one site's cookies are concerned: keeps what Set-Cookie says and sends it back. */
export class SiteBrowser {
  readonly #site: string;
  readonly #cookies = new CookieJar();
  readonly #userAgent: string;

  constructor(site: string, userAgent: string) {
    this.#site = site;
    this.#userAgent = userAgent;
  }

  /** The lines that the last response set. */
  setCookie: readonly string[] = [];

  async request(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(new URL(path, this.#site), {
      method,
      redirect: 'manual',
      headers: {
        'user-agent': this.#userAgent,
        cookie: this.#cookies.header,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    this.setCookie = response.headers.getSetCookie();
    this.#cookies.obey(this.setCookie);
    return response;
  }

  async json(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.request(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
