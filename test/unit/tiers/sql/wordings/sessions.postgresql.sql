-- insert
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT $1::bytea, $2::text, $3::bytea, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint, ''::bytea
WHERE floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint
ON CONFLICT DO NOTHING
RETURNING 1 / (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint)::integer AS in_time;
-- query (aa*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 109n)

-- insert without a user
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT $1::bytea, $2::text, $3::bytea, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint, ''::bytea
WHERE floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint
ON CONFLICT DO NOTHING
RETURNING 1 / (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint)::integer AS in_time;
-- query (aa*32, 'shop', null, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 109n)

-- insert without a deadline
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT $1::bytea, $2::text, $3::bytea, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint, ''::bytea
WHERE floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint
ON CONFLICT DO NOTHING
RETURNING 1 / (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint)::integer AS in_time;
-- query (aa*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 9007199254740991n)

-- read
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key = $1::bytea AND namespace = $2::text AND revoked_at IS NULL;
-- query (aa*32, 'shop')

-- read of what is known
SELECT storage_key, user_key, revision, CASE WHEN substr(envelope, octet_length(envelope) - 15) = $1::bytea THEN NULL ELSE envelope END AS envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL;
-- query (ab*16, aa*32, 'shop')

-- readState
SELECT revision, substr(envelope, octet_length(envelope) - 15) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key = $1::bytea AND namespace = $2::text AND revoked_at IS NULL;
-- query (aa*32, 'shop')

-- update
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revision = $1::bigint AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL
      AND idle_expires_at >= $4::bigint AND absolute_expires_at > $4::bigint
      AND ((revision = $1::bigint - 1 AND COALESCE(substr(envelope, octet_length(envelope) - 15) = $5::bytea, true)) OR (revision = $1::bigint AND write_id = $6::bytea))
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET user_key = $7::bytea, revision = $1::bigint, write_id = $6::bytea, envelope = $8::bytea, key_id = $9::bytea,
  created_at = $10::bigint, last_seen_at = GREATEST(last_seen_at, $11::bigint), idle_lifetime = $12::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $11::bigint) + $12::bigint, $13::bigint), absolute_expires_at = $13::bigint
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $14::bigint)
RETURNING session.storage_key;
-- query (2n, aa*32, 'shop', 106n, ac*16, dd*16, cc*32, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n)

-- update of whatever is there
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revision = $1::bigint AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL
      AND idle_expires_at >= $4::bigint AND absolute_expires_at > $4::bigint
      AND ((revision = $1::bigint - 1 AND COALESCE(substr(envelope, octet_length(envelope) - 15) = $5::bytea, true)) OR (revision = $1::bigint AND write_id = $6::bytea))
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET user_key = $7::bytea, revision = $1::bigint, write_id = $6::bytea, envelope = $8::bytea, key_id = $9::bytea,
  created_at = $10::bigint, last_seen_at = GREATEST(last_seen_at, $11::bigint), idle_lifetime = $12::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $11::bigint) + $12::bigint, $13::bigint), absolute_expires_at = $13::bigint
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $14::bigint)
RETURNING session.storage_key;
-- query (2n, aa*32, 'shop', 106n, null, dd*16, cc*32, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n)

-- update with a mark
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revision = $1::bigint AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL
      AND idle_expires_at >= $4::bigint AND absolute_expires_at > $4::bigint
      AND ((revision = $1::bigint - 1 AND COALESCE(substr(envelope, octet_length(envelope) - 15) = $5::bytea, true)) OR (revision = $1::bigint AND write_id = $6::bytea))
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET user_key = $7::bytea, revision = $1::bigint, write_id = $6::bytea, envelope = $8::bytea, key_id = $9::bytea,
  created_at = $10::bigint, last_seen_at = GREATEST(last_seen_at, $11::bigint), idle_lifetime = $12::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $11::bigint) + $12::bigint, $13::bigint), absolute_expires_at = $13::bigint, dirty_at = GREATEST(dirty_at, locked.now)
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $14::bigint)
RETURNING session.storage_key;
-- query (2n, aa*32, 'shop', 106n, ac*16, dd*16, cc*32, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n)

-- regenerate
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, storage_key = $1::bytea AS is_repeat FROM "holdfast_session"
    WHERE namespace = $2::text AND revoked_at IS NULL
      AND idle_expires_at >= $3::bigint AND absolute_expires_at > $3::bigint
      AND ((storage_key = $4::bytea AND revision = $5::bigint - 1 AND COALESCE(substr(envelope, octet_length(envelope) - 15) = $6::bytea, true)) OR (storage_key = $1::bytea AND revision = $5::bigint AND write_id = $7::bytea))
    FOR UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET user_key = $8::bytea, revision = $5::bigint, write_id = $7::bytea, envelope = $9::bytea, key_id = $10::bytea,
  created_at = $11::bigint, last_seen_at = GREATEST(last_seen_at, $12::bigint), idle_lifetime = $13::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $12::bigint) + $13::bigint, $14::bigint), absolute_expires_at = $14::bigint,
  storage_key = $1::bytea, rotated_at = $15::bigint,
  previous_keys = CASE WHEN session.storage_key = $4::bytea
    THEN substr(previous_keys || $4::bytea, GREATEST(octet_length(previous_keys) - 224, 0) + 1)
    ELSE previous_keys END
FROM locked
WHERE session.storage_key IN ($4::bytea, $1::bytea) AND (locked.is_repeat OR locked.now <= $16::bigint);
-- execute (aa*32, 'shop', 106n, bb*32, 2n, ac*16, dd*16, cc*32, e0*24, ee*8, 101n, 102n, 103n, 105n, 107n, 109n)

-- regenerate with a mark
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, storage_key = $1::bytea AS is_repeat FROM "holdfast_session"
    WHERE namespace = $2::text AND revoked_at IS NULL
      AND idle_expires_at >= $3::bigint AND absolute_expires_at > $3::bigint
      AND ((storage_key = $4::bytea AND revision = $5::bigint - 1 AND COALESCE(substr(envelope, octet_length(envelope) - 15) = $6::bytea, true)) OR (storage_key = $1::bytea AND revision = $5::bigint AND write_id = $7::bytea))
    FOR UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET user_key = $8::bytea, revision = $5::bigint, write_id = $7::bytea, envelope = $9::bytea, key_id = $10::bytea,
  created_at = $11::bigint, last_seen_at = GREATEST(last_seen_at, $12::bigint), idle_lifetime = $13::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $12::bigint) + $13::bigint, $14::bigint), absolute_expires_at = $14::bigint,
  storage_key = $1::bytea, rotated_at = $15::bigint,
  previous_keys = CASE WHEN session.storage_key = $4::bytea
    THEN substr(previous_keys || $4::bytea, GREATEST(octet_length(previous_keys) - 224, 0) + 1)
    ELSE previous_keys END, dirty_at = GREATEST(dirty_at, locked.now)
FROM locked
WHERE session.storage_key IN ($4::bytea, $1::bytea) AND (locked.is_repeat OR locked.now <= $16::bigint);
-- execute (aa*32, 'shop', 106n, bb*32, 2n, ac*16, dd*16, cc*32, e0*24, ee*8, 101n, 102n, 103n, 105n, 107n, 109n)

-- touch
UPDATE "holdfast_session" SET
  last_seen_at = GREATEST(last_seen_at, $1::bigint),
  idle_expires_at = GREATEST(idle_expires_at, LEAST($1::bigint + idle_lifetime, absolute_expires_at))
WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL
  AND idle_expires_at >= $4::bigint AND absolute_expires_at > $4::bigint AND idle_lifetime >= $5::bigint
RETURNING revision, substr(envelope, octet_length(envelope) - 15) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at;
-- query (102n, aa*32, 'shop', 106n, 14n)

-- revoke
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $1::bytea AND namespace = $2::text AND ((revoked_at IS NULL) OR write_id = $3::bytea)
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, $4::bigint), write_id = $3::bytea, envelope = ''::bytea
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $5::bigint)
RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (aa*32, 'shop', dd*16, 108n, 109n)

-- revoke of what an insert left
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $1::bytea AND namespace = $2::text AND ((revoked_at IS NULL AND write_id = $3::bytea) OR write_id = $4::bytea)
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, $5::bigint), write_id = $4::bytea, envelope = ''::bytea
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $6::bigint)
RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (aa*32, 'shop', ba*16, dd*16, 108n, 109n)

-- revoke with a mark
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $1::bytea AND namespace = $2::text AND ((revoked_at IS NULL) OR write_id = $3::bytea)
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, $4::bigint), write_id = $3::bytea, envelope = ''::bytea, dirty_at = GREATEST(dirty_at, locked.now)
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $5::bigint)
RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (aa*32, 'shop', dd*16, 108n, 109n)

-- revoke with a mark of what an insert left
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE storage_key = $1::bytea AND namespace = $2::text AND ((revoked_at IS NULL AND write_id = $3::bytea) OR write_id = $4::bytea)
    FOR NO KEY UPDATE
  ) AS held
)
UPDATE "holdfast_session" AS session SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, $5::bigint), write_id = $4::bytea, envelope = ''::bytea, dirty_at = GREATEST(dirty_at, locked.now)
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $6::bigint)
RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (aa*32, 'shop', ba*16, dd*16, 108n, 109n)

-- revokeMany of a user
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE namespace = $1::text AND storage_key > $2::bytea AND (revoked_at IS NULL OR write_id = $3::bytea)
      AND ($4::bytea IS NULL OR storage_key <> $4::bytea) AND user_key = ANY($5::bytea[])
    ORDER BY storage_key LIMIT $6::bigint
    FOR NO KEY UPDATE
  ) AS held
), in_time AS MATERIALIZED (
  SELECT 1 / (bool_and(is_repeat) OR max(now) <= $7::bigint)::integer = 1 AS is_met FROM locked
), revoked AS (
  UPDATE "holdfast_session" AS session SET
    revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
    revoked_at = COALESCE(revoked_at, $8::bigint), write_id = $3::bytea, envelope = ''::bytea, dirty_at = GREATEST(dirty_at, locked.now)
  FROM locked, in_time WHERE session.storage_key = locked.storage_key AND in_time.is_met
  RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at
)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at
FROM in_time JOIN locked ON in_time.is_met LEFT JOIN revoked USING (storage_key);
-- query ('shop', '', dd*16, null, [cc*32, bb*32], 10n, 109n, 108n)

-- revokeMany of a user, except one
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE namespace = $1::text AND storage_key > $2::bytea AND (revoked_at IS NULL OR write_id = $3::bytea)
      AND ($4::bytea IS NULL OR storage_key <> $4::bytea) AND user_key = ANY($5::bytea[])
    ORDER BY storage_key LIMIT $6::bigint
    FOR NO KEY UPDATE
  ) AS held
), in_time AS MATERIALIZED (
  SELECT 1 / (bool_and(is_repeat) OR max(now) <= $7::bigint)::integer = 1 AS is_met FROM locked
), revoked AS (
  UPDATE "holdfast_session" AS session SET
    revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
    revoked_at = COALESCE(revoked_at, $8::bigint), write_id = $3::bytea, envelope = ''::bytea, dirty_at = GREATEST(dirty_at, locked.now)
  FROM locked, in_time WHERE session.storage_key = locked.storage_key AND in_time.is_met
  RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at
)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at
FROM in_time JOIN locked ON in_time.is_met LEFT JOIN revoked USING (storage_key);
-- query ('shop', '', dd*16, bb*32, [cc*32], 10n, 109n, 108n)

-- revokeMany of everyone
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE namespace = $1::text AND storage_key > $2::bytea AND (revoked_at IS NULL OR write_id = $3::bytea)
      AND ($4::bytea IS NULL OR storage_key <> $4::bytea)
    ORDER BY storage_key LIMIT $5::bigint
    FOR NO KEY UPDATE
  ) AS held
), in_time AS MATERIALIZED (
  SELECT 1 / (bool_and(is_repeat) OR max(now) <= $6::bigint)::integer = 1 AS is_met FROM locked
), revoked AS (
  UPDATE "holdfast_session" AS session SET
    revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
    revoked_at = COALESCE(revoked_at, $7::bigint), write_id = $3::bytea, envelope = ''::bytea, dirty_at = GREATEST(dirty_at, locked.now)
  FROM locked, in_time WHERE session.storage_key = locked.storage_key AND in_time.is_met
  RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at
)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at
FROM in_time JOIN locked ON in_time.is_met LEFT JOIN revoked USING (storage_key);
-- query ('shop', '', dd*16, null, 10n, 109n, 108n)

-- revokeMany of everyone, except one
WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM "holdfast_session"
    WHERE namespace = $1::text AND storage_key > $2::bytea AND (revoked_at IS NULL OR write_id = $3::bytea)
      AND ($4::bytea IS NULL OR storage_key <> $4::bytea)
    ORDER BY storage_key LIMIT $5::bigint
    FOR NO KEY UPDATE
  ) AS held
), in_time AS MATERIALIZED (
  SELECT 1 / (bool_and(is_repeat) OR max(now) <= $6::bigint)::integer = 1 AS is_met FROM locked
), revoked AS (
  UPDATE "holdfast_session" AS session SET
    revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
    revoked_at = COALESCE(revoked_at, $7::bigint), write_id = $3::bytea, envelope = ''::bytea, dirty_at = GREATEST(dirty_at, locked.now)
  FROM locked, in_time WHERE session.storage_key = locked.storage_key AND in_time.is_met
  RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at
)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at
FROM in_time JOIN locked ON in_time.is_met LEFT JOIN revoked USING (storage_key);
-- query ('shop', '', dd*16, bb*32, 10n, 109n, 108n)

-- listByUser
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE user_key = ANY($1::bytea[]) AND namespace = $2::text AND revoked_at IS NULL AND storage_key > $3::bytea
ORDER BY storage_key LIMIT $4::bigint;
-- query ([cc*32, bb*32], 'shop', '', 10n)

-- findRegenerated
SELECT storage_key, previous_keys, revoked_at, rotated_at FROM "holdfast_session"
WHERE rotated_at >= $1::bigint AND namespace = $2::text AND ((octet_length(previous_keys) > 0 AND substr(previous_keys, 1, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 32 AND substr(previous_keys, 33, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 64 AND substr(previous_keys, 65, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 96 AND substr(previous_keys, 97, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 128 AND substr(previous_keys, 129, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 160 AND substr(previous_keys, 161, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 192 AND substr(previous_keys, 193, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 224 AND substr(previous_keys, 225, 32) = ANY($3::bytea[])));
-- query (8n, 'shop', [bb*32])
