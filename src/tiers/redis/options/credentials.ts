import { invalid, nonEmpty } from './option-values.ts';
import type { RedisCredentials, ServerAccess } from './topology.ts';

export interface GivenCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly credentials?: () => RedisCredentials | Promise<RedisCredentials>;
}

/** Returns what was given: both, the function, or nothing. `prefix` stands before the names of the options in messages. */
export function givenCredentials(
  prefix: string,
  options: GivenCredentials,
  inUrl: { readonly username?: string | undefined; readonly password?: string | undefined } = {},
): ServerAccess['credentials'] {
  const username = nonEmpty(`${prefix}username`, options.username) ?? inUrl.username;
  const password = nonEmpty(`${prefix}password`, options.password) ?? inUrl.password;
  if (options.credentials !== undefined) {
    if (typeof options.credentials !== 'function') throw invalid(`${prefix}credentials must be a function`);
    if (username === undefined && password === undefined) return options.credentials;
    throw invalid(`${prefix}credentials come in place of username and password, in url as well`);
  }
  if (password !== undefined) return { password, ...(username === undefined ? {} : { username }) };
  if (username !== undefined) throw invalid(`${prefix}username needs a password`);
  return undefined;
}
