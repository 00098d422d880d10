import type { DoctorBench, Variant } from './bench.ts';

export interface Planted {
  /** How the client differs from the healthy one. */
  readonly variant?: Variant;
  /** Takes the fault away. */
  readonly mend?: () => Promise<unknown>;
}

/** Null: the servers of this run cannot have the fault. */
export type Plant = (bench: DoctorBench) => Planted | Promise<Planted | null> | null;

/** A fault, the codes that the doctor has to find, and no others, and how it is planted. */
export type Fault = readonly [fault: string, code: string, plant: Plant];

/** Plants a fault of the client's own options, with no server touched. */
export const variant =
  (make: (bench: DoctorBench) => Promise<Variant> | Variant): Plant =>
  async (bench) => ({ variant: await make(bench) });

/** Plants a fault that needs files or ports of the machine: not in containers. */
export const onThisMachine =
  (plant: Plant): Plant =>
  (bench) =>
    bench.isLocal ? plant(bench) : null;

/** Plants a fault of the database as its administrator. */
export const sql =
  (plant: string, mend: string, differs: Variant = {}): Plant =>
  async (bench) => {
    await bench.sql(plant);
    return { variant: differs, mend: () => bench.sql(mend) };
  };

/** An address at which nobody listens. */
export const NOBODY = '127.0.0.1:1';
