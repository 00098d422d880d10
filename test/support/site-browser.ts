/** A browser as far as one site's cookies are concerned: keeps what Set-Cookie says and sends it back. */
export class SiteBrowser {
  readonly #site: string;
  readonly #cookies = new Map<string, string>();
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
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    this.setCookie = response.headers.getSetCookie();
    for (const line of this.setCookie) this.#keep(line);
    return response;
  }

  async json(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.request(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    if (
      attributes.some((attribute) => /^max-age=0$/i.test(attribute) || /^expires=Thu, 01 Jan 1970/i.test(attribute))
    ) {
      this.#cookies.delete(name);
    } else this.#cookies.set(name, pair.slice(equals + 1));
  }
}
