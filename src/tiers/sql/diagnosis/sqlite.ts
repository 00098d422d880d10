import { listOf, numberOf, textOf, wordsFor } from './row-values.ts';
import type { DatabaseDiagnosis } from './database-diagnosis.ts';

/** `PRAGMA synchronous` is 2 for FULL. */
const SYNCHRONOUS_MIN = 2;

export const sqliteDiagnosis: DatabaseDiagnosis = {
  async server(ask) {
    const [row = {}] = (await ask('PRAGMA synchronous')) ?? [];
    const level = numberOf(row, 'synchronous');
    return {
      isEncrypted: null,
      isLocal: false,
      statementMs: null,
      lockMs: null,
      lossy: wordsFor([[level !== null && level < SYNCHRONOUS_MIN, 'PRAGMA synchronous below FULL']]),
      isolation: null,
      surplus: [],
    };
  },

  async schema(ask, tables) {
    const [mode = {}] = (await ask('PRAGMA journal_mode')) ?? [];
    const odd = wordsFor([
      [textOf(mode, 'journal_mode') !== 'wal', `journal_mode = ${textOf(mode, 'journal_mode') ?? ''}`],
    ]);
    const [sessions] = tables;
    const indexes = await Promise.all(
      tables.map(async (table) =>
        ((await ask(indexesOf(table))) ?? []).map((row) => ({
          table,
          name: textOf(row, 'name') ?? '',
          columns: listOf(row, 'columns'),
          dependsOn: listOf(row, 'columns'),
          isUsable: true,
        })),
      ),
    );
    return {
      tables: tables.map((name) => ({ name, odd: name === sessions ? odd : [], isLossy: false, hidesRows: false })),
      indexes: indexes.flat(),
    };
  },
};

const indexesOf = (table: string): string => `
SELECT name, (SELECT group_concat(name) FROM pragma_index_info(list.name)) AS columns
FROM pragma_index_list('${table}') AS list`;
