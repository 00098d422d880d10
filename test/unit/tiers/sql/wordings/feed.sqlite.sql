-- markDirty
UPDATE "holdfast_session" SET dirty_at = max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
WHERE storage_key = ? AND namespace = ?;
-- execute (aa*32, 'shop')

-- read from a time
SELECT now, false AS read_only, ring.masters AS named, report, storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now) AS clock
CROSS JOIN (
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM "holdfast_session_node"
  WHERE namespace = ? AND seen_at >= CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) - 600000
) AS fleet
LEFT JOIN "holdfast_session_ring" AS ring ON ring.namespace = ?
LEFT JOIN (
  SELECT storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys FROM "holdfast_session"
  WHERE namespace = ? AND dirty_at IS NOT NULL AND (dirty_at, storage_key) > (?, ?)
  ORDER BY dirty_at, storage_key LIMIT ?
) AS feed ON true
ORDER BY dirty_at, storage_key;
-- query ('shop', 'shop', 'shop', 11n, '', 11n)

-- read after a mark
SELECT now, false AS read_only, ring.masters AS named, report, storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now) AS clock
CROSS JOIN (
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM "holdfast_session_node"
  WHERE namespace = ? AND seen_at >= CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) - 600000
) AS fleet
LEFT JOIN "holdfast_session_ring" AS ring ON ring.namespace = ?
LEFT JOIN (
  SELECT storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys FROM "holdfast_session"
  WHERE namespace = ? AND dirty_at IS NOT NULL AND (dirty_at, storage_key) > (?, ?)
  ORDER BY dirty_at, storage_key LIMIT ?
) AS feed ON true
ORDER BY dirty_at, storage_key;
-- query ('shop', 'shop', 'shop', 10n, aa*32, 11n)

-- clear
UPDATE "holdfast_session" SET dirty_at = NULL, rotated_at = NULL, previous_keys = x''
WHERE storage_key IN (
  SELECT storage_key FROM "holdfast_session"
  WHERE namespace = ? AND (dirty_at < ? OR rotated_at < ?)
    AND max(COALESCE(dirty_at, 0), COALESCE(rotated_at, 0)) < ?
  LIMIT ?
);
-- execute ('shop', 13n, 13n, 13n, 13n)
