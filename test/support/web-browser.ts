import { CookieJar } from './cookie-jar.ts';

/** A browser's cookies, over anything that answers a `Request` with a `Response`. */
export class WebBrowser {
  readonly #fetch: (request: Request) => Promise<Response> | Response;
  readonly #cookies = new CookieJar();

  constructor(fetch: (request: Request) => Promise<Response> | Response) {
    this.#fetch = fetch;
  }

  /** As the Cookie header has it. */
  get cookie(): string {
    return this.#cookies.header;
  }

  async go(path: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(`https://shop.example${path}`, init);
    if (this.#cookies.size > 0) request.headers.set('cookie', this.cookie);
    const response = await this.#fetch(request);
    this.#cookies.obey(response.headers.getSetCookie());
    return response;
  }

  post(path: string, init: RequestInit = {}): Promise<Response> {
    return this.go(path, { method: 'POST', ...init });
  }
}
