/** A member of an interface, as its source describes it. */
export interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
  readonly comment: string;
  /** The text after `@defaultValue`. */
  readonly defaultValue: string | undefined;
}

/** Returns the members of an interface of a source that Prettier or oxfmt has laid out. Members for the library itself are left out. */
export function readInterface(source: string, name: string): Member[] {
  const [, body] = new RegExp(`^(?:export )?interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source) ?? [];
  if (body === undefined) throw new Error(`There is no interface ${name}.`);
  const members = body.matchAll(
    /((?:^ {2}\/\*\*(?:(?!\*\/).)*\*\/\n)?)^ {2}(?:readonly )?(\w+)(\??)(:|\() ?(.*?;)\n(?= {2}\S|$)/gms,
  );
  return [...members]
    .map(([, doc = '', member = '', optional, mark, type = '']) => {
      const comment = doc
        .replaceAll(/\/\*\*|\*\/|^ *\*(?!\/) ?/gm, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim();
      const defaultValue = /@defaultValue (.*)$/.exec(comment)?.[1];
      return {
        name: member,
        isOptional: optional === '?',
        type: mark === '(' ? 'method' : type,
        comment,
        defaultValue,
      };
    })
    .filter(({ comment, type }) => !comment.includes('@internal') && type !== 'never;');
}
