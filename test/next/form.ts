/** What a browser without JavaScript sends for a form of the page: what React has hidden in it, and `fields`. */
export function formOf(html: string, fields: Readonly<Record<string, string>>, at = 0): FormData {
  const [, ...forms] = html.split('<form');
  const form = new FormData();
  const hidden = (forms[at] ?? '').matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g);
  for (const [, name, value] of hidden) form.set(name ?? '', value ?? '');
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}
