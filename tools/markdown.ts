export interface Link {
  readonly target: string;
  readonly line: number;
}

/** Returns inline and reference links, images included, outside of code. */
export function readLinks(text: string): Link[] {
  const links: Link[] = [];
  for (const [index, line] of withoutFences(text).entries()) {
    const prose = line.replaceAll(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    for (const match of prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g))
      links.push({ target: match[1] ?? '', line: index + 1 });
    const definition = prose.match(/^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/);
    if (definition) links.push({ target: definition[1] ?? '', line: index + 1 });
  }
  return links;
}

/** Returns what stands between backticks, outside of fenced code. */
export function readCode(text: string): { readonly code: string; readonly line: number }[] {
  return withoutFences(text).flatMap((line, index) =>
    [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({ code, line: index + 1 })),
  );
}

/** Returns the rows of the first table under a heading, without its head; cells are trimmed. */
export function readTable(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /^#{1,6} /.test(line) && line.replace(/^#+ /, '') === heading);
  if (at < 0) throw new Error(`The page has no heading "${heading}".`);
  const first = lines.findIndex((line, index) => index > at && line.startsWith('|'));
  const rows: string[][] = [];
  for (const line of lines.slice(first + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/**
 * Counts the words that a reader of a page reads: those of tables and headings too, not those of code blocks, of comments, or of the targets of
 * links.
 */
export function countWords(text: string): number {
  const prose = withoutFences(text)
    .join('\n')
    .replaceAll(/<!--.*?-->/gs, '')
    .replaceAll(/\]\([^)]*\)/g, ']')
    .replaceAll(/^\[[^\]]+\]: .*$/gm, '');
  return prose.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** Returns the texts between backticks of a line or a cell. */
export const codesOf = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** Returns the anchors that GitHub gives to the headings of a page. */
export function headingAnchors(text: string): string[] {
  const seen = new Map<string, number>();
  return withoutFences(text).flatMap((line) => {
    const title = line.match(/^#{1,6}\s+(.*?)\s*#*$/)?.[1];
    if (title === undefined) return [];
    const slug = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return [count === 0 ? slug : `${slug}-${count}`];
  });
}

function withoutFences(text: string): string[] {
  let mark: string | undefined;
  return text.split('\n').map((line) => {
    const fence = line.match(/^\s*(`{3,}|~{3,})/)?.[1];
    if (mark === undefined && fence) {
      mark = fence;
      return '';
    }
    if (mark !== undefined && fence?.startsWith(mark)) mark = undefined;
    else if (mark === undefined) return line;
    return '';
  });
}
