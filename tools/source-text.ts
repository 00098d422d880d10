export interface ImportStatement {
  readonly specifier: string;
  /** The names between the braces, as the other file exports them; empty for `import '…'` and `import('…')`. */
  readonly names: readonly string[];
  readonly line: number;
}

/**
 * The source with comments and the insides of strings and regular expressions replaced by spaces, so that a pattern
 * finds code only. Lengths and line breaks stay. Code inside `${…}` stays too.
 */
export function codeOnly(source: string): string {
  let out = '';
  let at = 0;
  /** For each `{` that is open: does its `}` lead back into a template literal? */
  const braces: boolean[] = [];

  const blank = (end: number): void => {
    out += source.slice(at, end).replace(/[^\n]/g, ' ');
    at = end;
  };
  const template = (): void => {
    const end = endOfTemplateText(source, at);
    if (source[end] === '$') braces.push(true);
    blank(end);
    out += source[end] === '$' ? '${' : '`';
    at += source[end] === '$' ? 2 : 1;
  };

  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const one = two[0] ?? '';
    if (two === '//') blank(endOr(source, source.indexOf('\n', at)));
    else if (two === '/*') blank(endOr(source, source.indexOf('*/', at) + 2));
    else if (one === "'" || one === '"') quoted(one);
    else if (one === '/' && startsRegularExpression(out)) quoted('/');
    else if (one === '`') {
      out += one;
      at += 1;
      template();
    } else if (one === '}' && braces.pop()) {
      out += one;
      at += 1;
      template();
    } else {
      if (one === '{') braces.push(false);
      out += one;
      at += 1;
    }
  }
  return out;

  function quoted(mark: string): void {
    const end = endOfQuoted(source, at, mark);
    out += mark;
    at += 1;
    blank(end);
    out += source[end] ?? '';
    at += 1;
  }
}

/** Every static, re-exporting, type-only and dynamic import. */
export function readImports(source: string): ImportStatement[] {
  const code = codeOnly(source);
  const found: ImportStatement[] = [];
  // The quotes survive in `code`, the text between them only in `source`.
  const pattern = /\b(?:import|export)\b(?:(?<clause>[^;'"`()=]*?)\bfrom)?\s*\(?\s*(['"])(?<blank>\s*)\2/g;
  for (const match of code.matchAll(pattern)) {
    const text = source.slice(match.index, match.index + match[0].length);
    const specifier = text.match(/(['"])([^'"]*)\1\s*$/)?.[2] ?? '';
    const inside = match.groups?.['clause']?.match(/\{([^}]*)\}/)?.[1] ?? '';
    const names = inside
      .split(',')
      .map((name) =>
        name
          .trim()
          .replace(/^type\s+/, '')
          .replace(/\s+as\s+.*$/, ''),
      )
      .filter(Boolean);
    found.push({ specifier, names, line: lineAt(source, match.index + match[0].length) });
  }
  return found;
}

export const lineAt = (source: string, index: number): number => source.slice(0, index).split('\n').length;

const endOr = (source: string, end: number): number => (end <= 1 ? source.length : end);

function endOfQuoted(source: string, start: number, mark: string): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (mark === '/' && char === '[') inClass = true;
    else if (mark === '/' && char === ']') inClass = false;
    else if (char === mark && !inClass) return at;
    else if (char === '\n') return at;
  }
  return source.length;
}

/** The index of the closing backtick, or of the `$` of `${`. */
function endOfTemplateText(source: string, start: number): number {
  for (let at = start; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '`' || source.startsWith('${', at)) return at;
  }
  return source.length;
}

/** A slash divides after a value, and opens a regular expression after anything else. */
const startsRegularExpression = (before: string): boolean =>
  /(^|[(,=:[!&|?{};+\-*%~^<>\n]|\breturn)\s*$/.test(before.slice(-80));
