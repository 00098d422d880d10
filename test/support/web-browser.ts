/** A browser's cookies, over anything that answers a `Request` with a `Response`. */
export class WebBrowser {
  readonly #fetch: (request: Request) => Promise<Response> | Response;
  readonly #cookies = new Map<string, string>();

  constructor(fetch: (request: Request) => Promise<Response> | Response) {
    this.#fetch = fetch;
  }

  /** As the Cookie header has it. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async go(path: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(`https://shop.example${path}`, init);
    if (this.#cookies.size > 0) request.headers.set('cookie', this.cookie);
    const response = await this.#fetch(request);
    for (const line of response.headers.getSetCookie()) this.#store(line);
    return response;
  }

  post(path: string, init: RequestInit = {}): Promise<Response> {
    return this.go(path, { method: 'POST', ...init });
  }

  #store(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const equals = pair.indexOf('=');
    if (attributes.includes('Max-Age=0')) this.#cookies.delete(pair.slice(0, equals));
    else this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}
