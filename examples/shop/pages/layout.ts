import type { Session } from 'holdfast';
import { html, type Html } from '../html.ts';
import type { Shop } from '../sessions.ts';

/** A whole page: the head of the shop, then `body`. */
export function layout(session: Session<Shop> | null, title: string, body: Html): string {
  const items = session?.data.cart.reduce((sum, { quantity }) => sum + quantity, 0) ?? 0;
  const account =
    session?.userId === undefined
      ? html`<a href="/sign-in">Sign in</a>`
      : html`<a href="/account">${session.userId}</a>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title} · Lantern &amp; Co</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <header>
          <a class="brand" href="/">Lantern <i>&amp;</i> Co</a>
          <nav>
            <a href="/cart">Cart <b class="count">${items}</b></a> ${account}
          </nav>
        </header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`.text;
}
