import type { Dialect } from '../../../../src/tiers/sql/dialects/dialect.ts';

/** Takes away what goes before every statement; one without it differs from what is written of it. */
export function withoutPrefix({ prefix }: Dialect, text: string): string {
  const length = [prefix('SELECT'), prefix('')].find((each) => text.startsWith(each))?.length ?? 0;
  const rest = text.slice(length);
  return text === prefix(rest) + rest ? rest : `${text} -- without prefix`;
}
