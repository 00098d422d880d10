-- open
SELECT CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS standby, CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS read_only, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now,
  7 AS seven, 1 = 1 AS yes, 'As Is' AS words, /*M! 2 = (SELECT COUNT(*) FROM information_schema.SYSTEM_VARIABLES WHERE variable_name = 'WSREP_ON' AND global_value = 'ON'
      OR variable_name = 'WSREP_PROVIDER' AND global_value NOT IN ('', 'none')) OR */ false AS is_cluster;
-- query ()
SHOW VARIABLES WHERE Variable_name IN (
  'version', 'version_comment', 'aurora_version', 'group_replication_group_name', 'group_replication_consistency',
  'tidb_read_staleness', 'tidb_snapshot', 'wsrep_on'
);
-- query ()
SELECT 'version()' AS name, VERSION() AS value;
-- query ()
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS standby, CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS read_only, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now,
  7 AS seven, 1 = 1 AS yes, 'As Is' AS words, /*M! 2 = (SELECT COUNT(*) FROM information_schema.SYSTEM_VARIABLES WHERE variable_name = 'WSREP_ON' AND global_value = 'ON'
      OR variable_name = 'WSREP_PROVIDER' AND global_value NOT IN ('', 'none')) OR */ false AS is_cluster, CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)) AS server, (
    SELECT seen_at FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?
  ) AS committed;
-- query ('#time', 00*16)
SET STATEMENT wsrep_sync_wait = 15 FOR SHOW VARIABLES WHERE Variable_name IN (
  'version', 'version_comment', 'aurora_version', 'group_replication_group_name', 'group_replication_consistency',
  'tidb_read_staleness', 'tidb_snapshot', 'wsrep_on'
);
-- query ()
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT 'version()' AS name, VERSION() AS value;
-- query ()
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT column_name AS name, CONCAT_WS(' ', data_type, collation_name) AS type, EXISTS (
  SELECT 1 FROM information_schema.statistics AS part
  WHERE part.table_schema = DATABASE() AND part.table_name = ? AND part.index_name = 'PRIMARY'
  HAVING COUNT(*) = 1 AND MAX(part.column_name) = described.column_name
) AS identifies
FROM information_schema.columns AS described WHERE table_schema = DATABASE() AND table_name = ?;
-- query ('holdfast_session', 'holdfast_session')
SET STATEMENT wsrep_sync_wait = 15 FOR INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys) SELECT storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys FROM `holdfast_session` WHERE false;
-- execute ()
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session` SET storage_key = storage_key, user_key = user_key, revision = revision, write_id = write_id, envelope = envelope, key_id = key_id, created_at = created_at, last_seen_at = last_seen_at, idle_lifetime = idle_lifetime, idle_expires_at = idle_expires_at, absolute_expires_at = absolute_expires_at, previous_keys = previous_keys, revoked_at = revoked_at, dirty_at = dirty_at, rotated_at = rotated_at WHERE false;
-- execute ()
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT column_name AS name, CONCAT_WS(' ', data_type, collation_name) AS type, EXISTS (
  SELECT 1 FROM information_schema.statistics AS part
  WHERE part.table_schema = DATABASE() AND part.table_name = ? AND part.index_name = 'PRIMARY'
  HAVING COUNT(*) = 1 AND MAX(part.column_name) = described.column_name
) AS identifies
FROM information_schema.columns AS described WHERE table_schema = DATABASE() AND table_name = ?;
-- query ('holdfast_session_ring', 'holdfast_session_ring')
SET STATEMENT wsrep_sync_wait = 15 FOR INSERT INTO `holdfast_session_ring` (namespace, version, fingerprint, sweep_pass, sweep_until, masters)
SELECT namespace, version, fingerprint, sweep_pass, sweep_until, masters FROM `holdfast_session_ring` AS source FORCE INDEX (PRIMARY) WHERE false
ON DUPLICATE KEY UPDATE namespace = VALUES(namespace), version = VALUES(version), fingerprint = VALUES(fingerprint), sweep_pass = VALUES(sweep_pass), sweep_until = VALUES(sweep_until), masters = VALUES(masters);
-- execute ()
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT column_name AS name, CONCAT_WS(' ', data_type, collation_name) AS type, EXISTS (
  SELECT 1 FROM information_schema.statistics AS part
  WHERE part.table_schema = DATABASE() AND part.table_name = ? AND part.index_name = 'PRIMARY'
  HAVING COUNT(*) = 1 AND MAX(part.column_name) = described.column_name
) AS identifies
FROM information_schema.columns AS described WHERE table_schema = DATABASE() AND table_name = ?;
-- query ('holdfast_session_node', 'holdfast_session_node')
SET STATEMENT wsrep_sync_wait = 15 FOR INSERT INTO `holdfast_session_node` (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
SELECT namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters FROM `holdfast_session_node` AS source FORCE INDEX (PRIMARY) WHERE false
ON DUPLICATE KEY UPDATE namespace = VALUES(namespace), node_id = VALUES(node_id), ring_version = VALUES(ring_version), seen_at = VALUES(seen_at), acknowledged_at = VALUES(acknowledged_at), beat = VALUES(beat), masters = VALUES(masters);
-- execute ()
SET STATEMENT wsrep_sync_wait = 15 FOR DELETE FROM `holdfast_session_node` WHERE false;
-- execute ()
SET STATEMENT wsrep_sync_wait = 15 FOR DELETE FROM `holdfast_session` WHERE false;
-- execute ()
SET STATEMENT wsrep_sync_wait = 15 FOR INSERT INTO `holdfast_session_node` (namespace, node_id, ring_version, seen_at, acknowledged_at)
SELECT ?, ?, 1, GREATEST(LEAST(now + 3600000, ?), COALESCE(marked, 0), COALESCE(seen, 0)), 0
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now) AS clock
CROSS JOIN (SELECT MAX(dirty_at) AS marked FROM `holdfast_session`) AS mark
CROSS JOIN (SELECT MAX(seen_at) AS seen FROM `holdfast_session_node`) AS node WHERE true
ON DUPLICATE KEY UPDATE seen_at = IF(VALUES(seen_at) - seen_at > 60000, VALUES(seen_at), seen_at);
-- execute ('#time', 00*16, 9n)
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS standby, CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS read_only, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now,
  7 AS seven, 1 = 1 AS yes, 'As Is' AS words, /*M! 2 = (SELECT COUNT(*) FROM information_schema.SYSTEM_VARIABLES WHERE variable_name = 'WSREP_ON' AND global_value = 'ON'
      OR variable_name = 'WSREP_PROVIDER' AND global_value NOT IN ('', 'none')) OR */ false AS is_cluster, CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)) AS server, (
    SELECT seen_at FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?
  ) AS committed;
-- query ('#time', 00*16)
