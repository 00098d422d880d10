-- walk
SELECT storage_key, key_id, (user_key IS NOT NULL)::integer AS has_user,
  (namespace = $1::text AND revoked_at IS NULL
    AND idle_expires_at >= $2::bigint AND absolute_expires_at > $2::bigint)::integer AS is_alive
FROM "holdfast_session"
WHERE storage_key > $3::bytea
ORDER BY storage_key LIMIT $4::bigint;
-- query ('shop', 5n, aa*32, 10n)

-- moveUserKey
UPDATE "holdfast_session" SET user_key = $1::bytea
WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL AND user_key IS NOT DISTINCT FROM $4::bytea;
-- execute (bb*32, aa*32, 'shop', cc*32)

-- claimSweep
UPDATE "holdfast_session_ring" SET sweep_pass = $1::bytea, sweep_until = floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2::bigint
WHERE namespace = $3::text AND (sweep_until IS NULL OR sweep_until <= floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint OR sweep_pass = $1::bytea);
-- execute (dd*16, 60000n, 'shop')

-- findEnded
SELECT storage_key, (namespace = $1::text AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL
    THEN LEAST(idle_expires_at, absolute_expires_at) < $2::bigint ELSE revoked_at < $3::bigint END)::integer AS is_ended
FROM "holdfast_session"
WHERE storage_key > $4::bytea
ORDER BY storage_key LIMIT $5::bigint;
-- query ('shop', 8n, 3n, aa*32, 10n)

-- removeEnded
WITH ended AS MATERIALIZED (
  SELECT storage_key FROM "holdfast_session"
  WHERE storage_key = ANY($1::bytea[]) AND namespace = $2::text AND dirty_at IS NULL AND rotated_at IS NULL
    AND CASE WHEN revoked_at IS NULL
      THEN LEAST(idle_expires_at, absolute_expires_at) < $3::bigint ELSE revoked_at < $4::bigint END
  ORDER BY storage_key FOR UPDATE SKIP LOCKED
)
DELETE FROM "holdfast_session" AS session USING ended
WHERE session.storage_key = ended.storage_key;
-- execute ([aa*32, bb*32], 'shop', 8n, 3n)
