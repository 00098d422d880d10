import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addKey, KeyRing, keyRingFile, replaceKey } from '../../../src/index.ts';
import { fixtureJwk, KEK } from '../ring-fixtures.ts';
import { sql, variant, type Fault } from './fault.ts';

export const KEY_FAULTS: readonly Fault[] = [
  // The keys
  [
    'a ring that does not open',
    'ring-unreadable',
    variant((bench) => ({ keys: keyRingFile(bench.ringPath, { kek: Buffer.from(KEK).reverse() }) })),
  ],
  [
    'keys in the clear',
    'ring-plain',
    async (bench) => {
      const path = join(bench.folder, 'plain.json');
      const ring = await KeyRing.open(bench.ringPath, { kek: KEK });
      await writeFile(path, JSON.stringify(ring.toJwks()), { mode: 0o600 });
      return { variant: { keys: keyRingFile(path, { kek: KEK }) } };
    },
  ],
  [
    'a sealed ring that others may read',
    'ring-readable',
    async (bench) => {
      await chmod(bench.ringPath, 0o644);
      return { mend: () => chmod(bench.ringPath, 0o600) };
    },
  ],
  [
    'a sealed ring that others may write',
    'file-permissions',
    async (bench) => {
      await chmod(bench.ringPath, 0o666);
      return { mend: () => chmod(bench.ringPath, 0o600) };
    },
  ],
  [
    'an old ring',
    'ring-old',
    sql('UPDATE holdfast_session_ring SET version = 2', 'UPDATE holdfast_session_ring SET version = 1'),
  ],
  [
    'another ring of this version',
    'ring-old',
    sql('UPDATE holdfast_session_ring SET fingerprint = sha256(fingerprint)', 'TRUNCATE holdfast_session_ring'),
  ],
  [
    'a node without the ring',
    'ring-not-everywhere',
    async (bench) => {
      const keys = await addKey(await KeyRing.open(bench.ringPath, { kek: KEK }));
      await bench.sql(
        "INSERT INTO holdfast_session_node SELECT 'shop', decode(md5('node'), 'hex'), 1, extract(epoch FROM clock_timestamp()) * 1000, 0",
      );
      return { variant: { keys }, mend: () => bench.sql('DELETE FROM holdfast_session_node') };
    },
  ],
  ['a key that is too old', 'key-old', variant(() => ({ keyAgeMsMax: -60_000 }))],
  [
    'a rotation that stopped half-way',
    'key-pending',
    variant(async (bench) => {
      const { keys, ...rest } = (await KeyRing.open(bench.ringPath, { kek: KEK })).toJwks();
      const pending = { ...fixtureJwk('waiting', 'XAES-256-GCM', 'pending'), iat: 1_700_000_000 };
      return { keys: KeyRing.fromJwks({ ...rest, 'holdfast:version': 2, keys: [...keys, pending] }) };
    }),
  ],
  [
    'sessions under a revoked key',
    'key-revoked-in-use',
    variant(async (bench) => {
      const ring = await KeyRing.open(bench.ringPath, { kek: KEK });
      return { keys: await replaceKey(ring, { kid: ring.sealingKey.kid }) };
    }),
  ],
  [
    'sessions under a lost key',
    'key-unknown',
    async (bench) => {
      await bench.sql("UPDATE holdfast_session SET write_id = key_id || key_id, key_id = 'unknown!'");
      return { mend: () => bench.sql('UPDATE holdfast_session SET key_id = substr(write_id, 1, 8)') };
    },
  ],
  // The rest
  [
    'a namespace that nobody else uses',
    'namespace-unknown',
    async (bench) => {
      await bench.sql(
        "INSERT INTO holdfast_session_ring (namespace, version, fingerprint) VALUES ('other', 1, sha256(''))",
      );
      await bench.sql("DELETE FROM holdfast_session_ring WHERE namespace = 'shop'");
      return { mend: () => bench.sql('DELETE FROM holdfast_session_ring') };
    },
  ],
  [
    'a clock that is an hour ahead',
    'clock-own',
    variant((bench) => ({ platform: bench.clockAhead(3_600_000), keyAgeMsMax: 10 * 3_600_000 })),
  ],
];
