-- markDirty
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, false AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $1::bytea AND namespace = $2::text
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET dirty_at = GREATEST(dirty_at, locked.now)
FROM locked
WHERE session.storage_key = locked.storage_key;
-- execute (aa*32, 'shop')

-- read from a time
SELECT now, current_setting('transaction_read_only') = 'on' AS read_only, ring.masters AS named, report, storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys
FROM (SELECT floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint AS now) AS clock
CROSS JOIN (
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM "holdfast_session_node"
  WHERE namespace = $1::text AND seen_at >= floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint - 600000
) AS fleet
LEFT JOIN "holdfast_session_ring" AS ring ON ring.namespace = $1::text
LEFT JOIN (
  SELECT storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys FROM "holdfast_session"
  WHERE namespace = $1::text AND dirty_at IS NOT NULL AND (dirty_at, storage_key) > ($2::bigint, $3::bytea)
  ORDER BY dirty_at, storage_key LIMIT $4::bigint
) AS feed ON true
ORDER BY dirty_at, storage_key;
-- query ('shop', 11n, '', 11n)

-- read after a mark
SELECT now, current_setting('transaction_read_only') = 'on' AS read_only, ring.masters AS named, report, storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys
FROM (SELECT floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint AS now) AS clock
CROSS JOIN (
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM "holdfast_session_node"
  WHERE namespace = $1::text AND seen_at >= floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint - 600000
) AS fleet
LEFT JOIN "holdfast_session_ring" AS ring ON ring.namespace = $1::text
LEFT JOIN (
  SELECT storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys FROM "holdfast_session"
  WHERE namespace = $1::text AND dirty_at IS NOT NULL AND (dirty_at, storage_key) > ($2::bigint, $3::bytea)
  ORDER BY dirty_at, storage_key LIMIT $4::bigint
) AS feed ON true
ORDER BY dirty_at, storage_key;
-- query ('shop', 10n, aa*32, 11n)

-- clear
WITH settled AS MATERIALIZED (
  SELECT storage_key FROM "holdfast_session"
  WHERE namespace = $1::text AND (dirty_at < $2::bigint OR rotated_at < $2::bigint)
    AND GREATEST(dirty_at, rotated_at) < $2::bigint
  LIMIT $3::bigint FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE "holdfast_session" AS session SET dirty_at = NULL, rotated_at = NULL, previous_keys = ''::bytea
FROM settled
WHERE session.storage_key = settled.storage_key;
-- execute ('shop', 13n, 13n)
