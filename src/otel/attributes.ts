import type { Attributes } from '@opentelemetry/api';
import { ATTRIBUTES, type Attribute, type Metric } from './metrics.ts';

/** Returns the attributes that a metric has, by their names in OpenTelemetry. A value of null is left out. */
export function attributesOf(
  { attributes }: Pick<Metric, 'attributes'>,
  values: Readonly<Partial<Record<Attribute, string | null>>>,
): Attributes {
  const named: Attributes = {};
  for (const attribute of attributes) {
    const value = values[attribute];
    if (value !== null && value !== undefined) named[ATTRIBUTES[attribute]] = value;
  }
  return named;
}
