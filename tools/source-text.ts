export interface ImportStatement {
  readonly specifier: string;
  /** The names between the braces, as exported; empty for `import '…'` and `import('…')`. */
  readonly names: readonly string[];
  readonly line: number;
}

export interface Segment {
  readonly kind: 'comment' | 'text';
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the source with comments and the insides of strings and regular expressions replaced by spaces, so that a pattern
 * finds code only. Lengths and line breaks stay. Code inside `${…}` stays too.
 */
export function codeOnly(source: string): string {
  let out = '';
  let at = 0;
  for (const { start, end } of readSegments(source)) {
    out += source.slice(at, start) + source.slice(start, end).replace(/[^\n]/g, ' ');
    at = end;
  }
  return out + source.slice(at);
}

/** Returns the comments, and the insides of strings and regular expressions, in order. Code inside `${…}` is in none of them. */
export function readSegments(source: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  let code = '';
  /** True for each open `{` whose `}` leads back into a template literal. */
  const braces: boolean[] = [];

  const skip = (kind: Segment['kind'], end: number): void => {
    segments.push({ kind, start: at, end });
    at = end;
  };
  const keep = (length: number): void => {
    code += source.slice(at, at + length);
    at += length;
  };
  const template = (): void => {
    skip('text', endOfTemplateText(source, at));
    if (source[at] === '$') braces.push(true);
    keep(source[at] === '$' ? 2 : 1);
  };
  const quoted = (mark: string): void => {
    const end = endOfQuoted(source, at, mark);
    keep(1);
    skip('text', end);
    keep(1);
  };

  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const one = two[0] ?? '';
    if (two === '//') skip('comment', endOr(source, source.indexOf('\n', at)));
    else if (two === '/*') skip('comment', endOr(source, source.indexOf('*/', at) + 2));
    else if (one === "'" || one === '"') quoted(one);
    else if (one === '/' && startsRegularExpression(code)) quoted('/');
    else if (one === '`' || (one === '}' && braces.pop())) {
      keep(1);
      template();
    } else {
      if (one === '{') braces.push(false);
      keep(1);
    }
  }
  return segments;
}

/** Returns every static, re-exporting, type-only and dynamic import. */
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

/** Returns the index of the closing backtick, or of the `$` of `${`. */
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
