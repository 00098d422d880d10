-- raiseRing
INSERT INTO "holdfast_session_ring" AS highest (namespace, version, fingerprint)
VALUES ($1::text, $2::bigint, $3::bytea)
ON CONFLICT (namespace) DO UPDATE SET
  version = GREATEST(highest.version, excluded.version),
  fingerprint = CASE WHEN highest.version < excluded.version THEN excluded.fingerprint ELSE highest.fingerprint END
RETURNING version, fingerprint;
-- query ('shop', 3n, aa*32)

-- heartbeat
INSERT INTO "holdfast_session_node" AS known (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
VALUES ($1::text, $2::bytea, $3::bigint, floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint, floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint, $4::bigint, $5::text)
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
FROM (SELECT floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint AS now) AS clock
LEFT JOIN "holdfast_session_ring" AS ring ON ring.namespace = $1::text
LEFT JOIN "holdfast_session_node" AS node ON node.namespace = $1::text;
-- query ('shop')

-- nameMasters for the first time
UPDATE "holdfast_session_ring" SET masters = $1::text WHERE namespace = $2::text AND masters IS NULL;
-- execute ('main=cd.1', 'shop')

-- nameMasters anew
UPDATE "holdfast_session_ring" SET masters = $1::text
WHERE namespace = $2::text AND masters = $3::text;
-- execute ('main=cd.1', 'shop', 'main=ab.0')

-- forget by id
DELETE FROM "holdfast_session_node" WHERE namespace = $1::text AND node_id = $2::bytea;
-- execute ('shop', dd*16)

-- forget by age
DELETE FROM "holdfast_session_node" WHERE namespace = $1::text AND seen_at < $2::bigint;
-- execute ('shop', 8n)
