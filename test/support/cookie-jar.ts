/** A browser's cookies for one site, by name. Obeys Set-Cookie as far as one site shows it: `Path` and `Domain` are not looked at. */
export class CookieJar extends Map<string, string> {
  /** The Cookie header; empty where there are no cookies. */
  get header(): string {
    return [...this].map((pair) => pair.join('=')).join('; ');
  }

  /** Keeps and drops cookies as the Set-Cookie headers of a response say. */
  obey(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';');
      const equals = pair.indexOf('=');
      const name = pair.slice(0, equals);
      if (attributes.some(isOver)) this.delete(name);
      else this.set(name, pair.slice(equals + 1));
    }
  }
}

/** Whether an attribute says that the cookie has expired. */
function isOver(attribute: string): boolean {
  const [name = '', value = ''] = attribute.trim().split('=');
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0;
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now();
}
