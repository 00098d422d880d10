-- raiseRing
INSERT INTO `holdfast_session_ring` (namespace, version, fingerprint)
VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE
  fingerprint = CASE WHEN version < VALUES(version) THEN VALUES(fingerprint) ELSE fingerprint END,
  version = GREATEST(version, VALUES(version));
-- execute ('shop', 3n, aa*32)
SELECT version, fingerprint FROM `holdfast_session_ring` WHERE namespace = ?;
-- query ('shop')

-- heartbeat
INSERT INTO `holdfast_session_node` (namespace, node_id, ring_version, seen_at, acknowledged_at)
VALUES (?, ?, ?, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)
ON DUPLICATE KEY UPDATE
  seen_at = GREATEST(seen_at, VALUES(seen_at)),
  acknowledged_at = CASE WHEN ring_version = VALUES(ring_version) THEN acknowledged_at ELSE VALUES(acknowledged_at) END,
  ring_version = VALUES(ring_version);
-- execute ('shop', dd*16, 3n)

-- read
SELECT now, version, fingerprint, node_id, ring_version, seen_at, acknowledged_at
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now) AS clock
LEFT JOIN `holdfast_session_ring` AS ring ON ring.namespace = ?
LEFT JOIN `holdfast_session_node` AS node ON node.namespace = ?;
-- query ('shop', 'shop')

-- forget by id
DELETE FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?;
-- execute ('shop', dd*16)

-- forget by age
DELETE FROM `holdfast_session_node` WHERE namespace = ? AND seen_at < ?;
-- execute ('shop', 8n)
