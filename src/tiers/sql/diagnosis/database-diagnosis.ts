import type { DurableFacts } from '../../diagnosis.ts';
import type { Row } from '../rows/rows.ts';

/** The facts of a server, of the connection and of the user. */
export type ServerFacts = Pick<
  DurableFacts,
  'isEncrypted' | 'isLocal' | 'isolation' | 'lockMs' | 'lossy' | 'statementMs' | 'surplus'
>;
export type SchemaFacts = Pick<DurableFacts, 'indexes' | 'tables'>;

/** Returns the rows of a statement; null if the database refuses it, as one of another version may. */
export type Ask = (text: string) => Promise<readonly Row[] | null>;

/** The way in which one database is asked for facts. `tables` are the names of the tables, that of the sessions first. */
export interface DatabaseDiagnosis {
  server(ask: Ask, tables: readonly string[]): Promise<ServerFacts>;
  schema(ask: Ask, tables: readonly string[]): Promise<SchemaFacts>;
}
