-- open
SELECT (current_setting('transaction_read_only') = 'on' AND (pg_is_in_recovery() OR EXISTS (
  SELECT FROM pg_settings WHERE name = 'default_transaction_read_only' AND setting = 'on'
    AND source IN ('configuration file', 'command line')
))) AS standby, current_setting('transaction_read_only') = 'on' AS read_only, floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint AS now;
-- query ()
SELECT attname::text AS name, format_type(atttypid, NULL) AS type, EXISTS (
  SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND indisvalid AND indpred IS NULL
    AND indnkeyatts = 1 AND indkey[0] = attnum
) AS identifies
FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped;
-- query ('"holdfast_session"')
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys) SELECT storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys FROM "holdfast_session" WHERE false;
-- execute ()
UPDATE "holdfast_session" SET storage_key = storage_key, user_key = user_key, revision = revision, write_id = write_id, envelope = envelope, key_id = key_id, created_at = created_at, last_seen_at = last_seen_at, idle_lifetime = idle_lifetime, idle_expires_at = idle_expires_at, absolute_expires_at = absolute_expires_at, previous_keys = previous_keys, revoked_at = revoked_at, dirty_at = dirty_at, rotated_at = rotated_at WHERE false;
-- execute ()
SELECT attname::text AS name, format_type(atttypid, NULL) AS type, EXISTS (
  SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND indisvalid AND indpred IS NULL
    AND indnkeyatts = 1 AND indkey[0] = attnum
) AS identifies
FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped;
-- query ('"holdfast_session_ring"')
INSERT INTO "holdfast_session_ring" (namespace, version, fingerprint, sweep_pass, sweep_until, masters) SELECT namespace, version, fingerprint, sweep_pass, sweep_until, masters FROM "holdfast_session_ring" WHERE false
ON CONFLICT (namespace) DO UPDATE SET namespace = excluded.namespace, version = excluded.version, fingerprint = excluded.fingerprint, sweep_pass = excluded.sweep_pass, sweep_until = excluded.sweep_until, masters = excluded.masters;
-- execute ()
SELECT attname::text AS name, format_type(atttypid, NULL) AS type, EXISTS (
  SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND indisvalid AND indpred IS NULL
    AND indnkeyatts = 1 AND indkey[0] = attnum
) AS identifies
FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped;
-- query ('"holdfast_session_node"')
INSERT INTO "holdfast_session_node" (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters) SELECT namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters FROM "holdfast_session_node" WHERE false
ON CONFLICT (namespace, node_id) DO UPDATE SET namespace = excluded.namespace, node_id = excluded.node_id, ring_version = excluded.ring_version, seen_at = excluded.seen_at, acknowledged_at = excluded.acknowledged_at, beat = excluded.beat, masters = excluded.masters;
-- execute ()
DELETE FROM "holdfast_session_node" WHERE false;
-- execute ()
DELETE FROM "holdfast_session" WHERE false;
-- execute ()
