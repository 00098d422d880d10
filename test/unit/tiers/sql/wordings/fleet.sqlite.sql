-- raiseRing
INSERT INTO "holdfast_session_ring" AS highest (namespace, version, fingerprint)
VALUES (?, ?, ?)
ON CONFLICT (namespace) DO UPDATE SET
  version = max(highest.version, excluded.version),
  fingerprint = CASE WHEN highest.version < excluded.version THEN excluded.fingerprint ELSE highest.fingerprint END
RETURNING version, fingerprint;
-- query ('shop', 3n, aa*32)

-- heartbeat
INSERT INTO "holdfast_session_node" AS known (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
VALUES (?, ?, ?, CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER), ?, ?)
ON CONFLICT (namespace, node_id) DO UPDATE SET
  ring_version = excluded.ring_version,
  seen_at = excluded.seen_at,
  acknowledged_at = CASE WHEN known.ring_version = excluded.ring_version
    THEN known.acknowledged_at ELSE excluded.acknowledged_at END,
  beat = excluded.beat,
  masters = excluded.masters
WHERE known.beat < excluded.beat;
-- execute ('shop', dd*16, 3n, 4n, 'main=ab')

-- read
SELECT now, version, fingerprint, ring.masters AS named,
  node_id, ring_version, seen_at, acknowledged_at, beat, node.masters AS masters
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now) AS clock
LEFT JOIN "holdfast_session_ring" AS ring ON ring.namespace = ?
LEFT JOIN "holdfast_session_node" AS node ON node.namespace = ?;
-- query ('shop', 'shop')

-- nameMasters for the first time
UPDATE "holdfast_session_ring" SET masters = ? WHERE namespace = ? AND masters IS NULL;
-- execute ('main=cd.1', 'shop')

-- nameMasters anew
UPDATE "holdfast_session_ring" SET masters = ?
WHERE namespace = ? AND masters = ?;
-- execute ('main=cd.1', 'shop', 'main=ab.0')

-- forget by id
DELETE FROM "holdfast_session_node" WHERE namespace = ? AND node_id = ?;
-- execute ('shop', dd*16)

-- forget by age
DELETE FROM "holdfast_session_node" WHERE namespace = ? AND seen_at < ?;
-- execute ('shop', 8n)
