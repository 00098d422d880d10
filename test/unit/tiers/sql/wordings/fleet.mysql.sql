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
INSERT INTO `holdfast_session_node` (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
VALUES (?, ?, ?, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000, ?, ?)
ON DUPLICATE KEY UPDATE
  seen_at = IF(beat < VALUES(beat), VALUES(seen_at), seen_at),
  acknowledged_at = IF(beat < VALUES(beat) AND ring_version <> VALUES(ring_version), VALUES(acknowledged_at), acknowledged_at),
  ring_version = IF(beat < VALUES(beat), VALUES(ring_version), ring_version),
  masters = IF(beat < VALUES(beat), VALUES(masters), masters),
  beat = GREATEST(beat, VALUES(beat));
-- execute ('shop', dd*16, 3n, 4n, 'main=ab')

-- read
SELECT now, version, fingerprint, ring.masters AS named,
  node_id, ring_version, seen_at, acknowledged_at, beat, node.masters AS masters
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now) AS clock
LEFT JOIN `holdfast_session_ring` AS ring ON ring.namespace = ?
LEFT JOIN `holdfast_session_node` AS node ON node.namespace = ?;
-- query ('shop', 'shop')

-- nameMasters for the first time
UPDATE `holdfast_session_ring` SET masters = ? WHERE namespace = ? AND masters IS NULL;
-- execute ('main=cd.1', 'shop')

-- nameMasters anew
UPDATE `holdfast_session_ring` SET masters = ?
WHERE namespace = ? AND masters = ?;
-- execute ('main=cd.1', 'shop', 'main=ab.0')

-- forget by id
DELETE FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?;
-- execute ('shop', dd*16)

-- forget by age
DELETE FROM `holdfast_session_node` WHERE namespace = ? AND seen_at < ?;
-- execute ('shop', 8n)
