/**
 * What a validator must offer: version 1 of the Standard Schema interface (standardschema.dev), which zod, valibot and
 * arktype implement. Only the part that is called.
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Promise<SchemaResult<Output>> | SchemaResult<Output>;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] };
