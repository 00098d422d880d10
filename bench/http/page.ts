import type { DeepReadonly } from '../../src/client/data/plain-data.ts';
import { isWhole, newSessionData, type SessionData } from '../session-data.ts';

/** The first user; from this one to 999 all pages have the same length. */
export const FIRST_USER = 100;

export const HTML = 'text/html; charset=utf-8';

/**
 * Returns the text that every site shows of a session. Throws without one: a page that does not find its session is a
 * failure.
 */
export function pageOf(data: DeepReadonly<SessionData> | null | undefined): string {
  if (data === null || data === undefined || !isWhole(data)) throw new Error('The session is not there, or not whole.');
  const lines = data.cart.map(
    ({ sku, title, quantity, cents }) =>
      `<tr><td>${sku}</td><td>${title}</td><td>${quantity}</td><td>${(cents / 100).toFixed(2)}</td></tr>`,
  );
  const links = data.lastPages.map((path) => `<li><a href="${path}">${path}</a></li>`);
  return `<!doctype html><html lang="${data.preferences.language}"><head><title>Shop</title></head><body>
<h1>${data.userId}</h1><p>Visit ${data.visits}</p>
<table>${lines.join('\n')}</table>
<ul>${links.join('\n')}</ul>
<form method="post" action="/visit"><input type="hidden" name="csrf" value="${data.csrfToken}"><button>Again</button></form>
</body></html>`;
}

/** The data shown to visitors without a session: the same work and the same length. */
export const NOBODY: SessionData = newSessionData(FIRST_USER);

/** The bytes of the body of every page. */
export const PAGE_BYTES: number = Buffer.byteLength(pageOf(NOBODY));
