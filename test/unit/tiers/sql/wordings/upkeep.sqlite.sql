-- walk
SELECT storage_key, key_id, (user_key IS NOT NULL) AS has_user,
  (namespace = ? AND revoked_at IS NULL
    AND idle_expires_at >= ? AND absolute_expires_at > ?) AS is_alive
FROM "holdfast_session"
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?;
-- query ('shop', 5n, 5n, aa*32, 10n)

-- moveUserKey
UPDATE "holdfast_session" SET user_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL AND user_key = ?;
-- execute (bb*32, aa*32, 'shop', cc*32)

-- claimSweep
UPDATE "holdfast_session_ring" SET sweep_pass = ?, sweep_until = CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) + ?
WHERE namespace = ? AND (sweep_until IS NULL OR sweep_until <= CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) OR sweep_pass = ?);
-- execute (dd*16, 60000n, 'shop', dd*16)

-- findEnded
SELECT storage_key, (namespace = ? AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL
    THEN min(idle_expires_at, absolute_expires_at) < ? ELSE revoked_at < ? END) AS is_ended
FROM "holdfast_session"
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?;
-- query ('shop', 8n, 3n, aa*32, 10n)

-- removeEnded
DELETE FROM "holdfast_session"
WHERE namespace = ? AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL
    THEN min(idle_expires_at, absolute_expires_at) < ? ELSE revoked_at < ? END AND storage_key IN (?, ?);
-- execute ('shop', 8n, 3n, aa*32, bb*32)
