-- open
PRAGMA busy_timeout = 5;
-- query ()
SELECT false AS standby, false AS read_only, CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now,
  7 AS seven, 1 = 1 AS yes, 'As Is' AS words;
-- query ()
SELECT name, type, pk = 1 AND (SELECT max(pk) FROM pragma_table_info(?)) = 1 AS identifies
FROM pragma_table_info(?);
-- query ('holdfast_session', 'holdfast_session')
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys) SELECT storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys FROM "holdfast_session" WHERE false;
-- execute ()
UPDATE "holdfast_session" SET storage_key = storage_key, user_key = user_key, revision = revision, write_id = write_id, envelope = envelope, key_id = key_id, created_at = created_at, last_seen_at = last_seen_at, idle_lifetime = idle_lifetime, idle_expires_at = idle_expires_at, absolute_expires_at = absolute_expires_at, previous_keys = previous_keys, revoked_at = revoked_at, dirty_at = dirty_at, rotated_at = rotated_at WHERE false;
-- execute ()
SELECT name, type, pk = 1 AND (SELECT max(pk) FROM pragma_table_info(?)) = 1 AS identifies
FROM pragma_table_info(?);
-- query ('holdfast_session_ring', 'holdfast_session_ring')
INSERT INTO "holdfast_session_ring" (namespace, version, fingerprint, sweep_pass, sweep_until, masters) SELECT namespace, version, fingerprint, sweep_pass, sweep_until, masters FROM "holdfast_session_ring" WHERE false
ON CONFLICT (namespace) DO UPDATE SET namespace = excluded.namespace, version = excluded.version, fingerprint = excluded.fingerprint, sweep_pass = excluded.sweep_pass, sweep_until = excluded.sweep_until, masters = excluded.masters;
-- execute ()
SELECT name, type, pk = 1 AND (SELECT max(pk) FROM pragma_table_info(?)) = 1 AS identifies
FROM pragma_table_info(?);
-- query ('holdfast_session_node', 'holdfast_session_node')
INSERT INTO "holdfast_session_node" (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters) SELECT namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters FROM "holdfast_session_node" WHERE false
ON CONFLICT (namespace, node_id) DO UPDATE SET namespace = excluded.namespace, node_id = excluded.node_id, ring_version = excluded.ring_version, seen_at = excluded.seen_at, acknowledged_at = excluded.acknowledged_at, beat = excluded.beat, masters = excluded.masters;
-- execute ()
DELETE FROM "holdfast_session_node" WHERE false;
-- execute ()
DELETE FROM "holdfast_session" WHERE false;
-- execute ()
