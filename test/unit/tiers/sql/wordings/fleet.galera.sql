-- raiseRing
SET STATEMENT wsrep_sync_wait = 15 FOR INSERT INTO `holdfast_session_ring` (namespace, version, fingerprint)
VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE
  fingerprint = CASE WHEN version < VALUES(version) THEN VALUES(fingerprint) ELSE fingerprint END,
  version = GREATEST(version, VALUES(version));
-- execute ('shop', 3n, aa*32)
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT version, fingerprint FROM `holdfast_session_ring` WHERE namespace = ?;
-- query ('shop')

-- heartbeat
SET STATEMENT wsrep_sync_wait = 15 FOR INSERT INTO `holdfast_session_node` (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
VALUES (?, ?, ?, GREATEST(?, COALESCE((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 + CAST(JSON_VALUE(?, CONCAT('$.', CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)))) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED))), GREATEST(?, COALESCE((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 + CAST(JSON_VALUE(?, CONCAT('$.', CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)))) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED))), ?, ?)
ON DUPLICATE KEY UPDATE
  seen_at = IF(beat < VALUES(beat), VALUES(seen_at), seen_at),
  acknowledged_at = IF(beat < VALUES(beat) AND ring_version <> VALUES(ring_version), VALUES(acknowledged_at), acknowledged_at),
  ring_version = IF(beat < VALUES(beat), VALUES(ring_version), ring_version),
  masters = IF(beat < VALUES(beat), VALUES(masters), masters),
  beat = GREATEST(beat, VALUES(beat));
-- execute ('shop', dd*16, 3n, 0n, '{"s1":-1}', 0n, '{"s1":-1}', 4n, 'main=ab')

-- read
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT now, version, fingerprint, ring.masters AS named,
  node_id, ring_version, seen_at, acknowledged_at, beat, node.masters AS masters, CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)) AS server, (
    SELECT seen_at FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?
  ) AS committed
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now) AS clock
LEFT JOIN `holdfast_session_ring` AS ring ON ring.namespace = ?
LEFT JOIN `holdfast_session_node` AS node ON node.namespace = ?;
-- query ('#time', 00*16, 'shop', 'shop')

-- nameMasters for the first time
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session_ring` SET masters = ? WHERE namespace = ? AND masters IS NULL;
-- execute ('main=cd.1', 'shop')

-- nameMasters anew
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session_ring` SET masters = ?
WHERE namespace = ? AND masters = ?;
-- execute ('main=cd.1', 'shop', 'main=ab.0')

-- forget by id
SET STATEMENT wsrep_sync_wait = 15 FOR DELETE FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?;
-- execute ('shop', dd*16)

-- forget by age
SET STATEMENT wsrep_sync_wait = 15 FOR DELETE FROM `holdfast_session_node` WHERE namespace = ? AND seen_at < ?;
-- execute ('shop', 8n)
