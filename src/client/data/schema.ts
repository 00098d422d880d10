import { PayloadError } from '../../errors.ts';
import type { Platform } from '../../platform/platform.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { isThenable } from './thenable.ts';

/**
 * The part of a validator that is called: version 1 of the Standard Schema interface (standardschema.dev), which zod, valibot and
 * arktype implement, and the types that `create` and `session.data` have by it.
 */
export interface StandardSchema<Input, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Promise<SchemaResult<Output>> | SchemaResult<Output>;
    /** The types only: no validator has a value here. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The answer of a validator: the value, or its complaints. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] };

/** A schema of which only the output matters. */
export type AnySchema<Output> = StandardSchema<unknown, Output>;

/**
 * The same validator. One that never answers must not keep its caller, the other writes of the session and `close` waiting
 * for ever.
 */
export function boundedSchema<Output>(
  schema: AnySchema<Output>,
  platform: Platform,
  timeoutMs: number,
): AnySchema<Output> {
  const { version, vendor } = schema['~standard'];
  const late = (): Error => new PayloadError('The schema did not answer in time.');
  const validate = (value: unknown): Promise<SchemaResult<Output>> | SchemaResult<Output> => {
    const result = schema['~standard'].validate(value);
    return isThenable(result) ? withDeadline(platform, timeoutMs, Promise.resolve(result), late) : result;
  };
  return { '~standard': { version, vendor, validate } };
}
