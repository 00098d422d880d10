-- insert (3)
WITH input AS MATERIALIZED (
  SELECT n,
    substr($1::bytea, 0 * size + 32 * n + 1, 32) AS storage_key,
    substr($2::bytea, numbers[0 * size + n + 1]::integer, NULLIF(numbers[1 * size + n + 1], -1)::integer) AS user_key,
    numbers[2 * size + n + 1] AS revision,
    substr($1::bytea, 32 * size + 16 * n + 1, 16) AS write_id,
    substr($2::bytea, numbers[3 * size + n + 1]::integer, NULLIF(numbers[4 * size + n + 1], -1)::integer) AS envelope,
    substr($1::bytea, 48 * size + 8 * n + 1, 8) AS key_id,
    numbers[5 * size + n + 1] AS created_at,
    numbers[6 * size + n + 1] AS last_seen_at,
    numbers[7 * size + n + 1] AS idle_lifetime,
    numbers[8 * size + n + 1] AS absolute_expires_at,
    numbers[9 * size + n + 1] AS valid_until,
    numbers[10 * size + n + 1] AS idle_expires_at
  FROM (SELECT $3::bigint[] AS numbers, $4::integer AS size) AS given, generate_series(0, $4::integer - 1) AS n
), inserted AS (
  INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
  SELECT storage_key, $5::text, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, ''::bytea
  FROM input WHERE floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= valid_until
  ORDER BY storage_key
  ON CONFLICT DO NOTHING
  RETURNING storage_key
)
SELECT encode(int4send(count(*)::integer) || COALESCE(string_agg(int4send(n), ''), ''), 'base64') AS packed, 1 / (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= min(valid_until))::integer AS in_time
FROM inserted JOIN input USING (storage_key);
-- query (03*32 02*32 01*32 dd*48 ee*24, cc*96 e0*72, '{1,33,65,32,32,32,2,2,2,97,121,145,24,24,24,101,101,101,102,102,102,103,103,103,105,105,105,109,109,109,104,104,104}', 3, 'shop')

-- read (3)
SELECT encode(int4send(count(*)::integer) || COALESCE(string_agg(int4send(n) || COALESCE(int4send(octet_length(user_key)) || user_key, int4send(-1)) || int8send(revision) || int4send(octet_length(key_id)) || key_id || int8send(created_at) || int8send(last_seen_at) || int8send(idle_lifetime) || int8send(idle_expires_at) || int8send(absolute_expires_at) || COALESCE(int4send(octet_length(envelope)) || envelope, int4send(-1)), ''), ''), 'base64') AS packed
FROM (
  SELECT n, user_key, revision, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, envelope
  FROM generate_series(0, $1::integer - 1) AS n
    JOIN "holdfast_session" AS session ON storage_key = substr($2::bytea, 32 * n + 1, 32)
  WHERE namespace = $3::text AND revoked_at IS NULL
) AS found;
-- query (3, 03*32 02*32 01*32, 'shop')

-- read of what is known (3)
SELECT encode(int4send(count(*)::integer) || COALESCE(string_agg(int4send(n) || COALESCE(int4send(octet_length(user_key)) || user_key, int4send(-1)) || int8send(revision) || int4send(octet_length(key_id)) || key_id || int8send(created_at) || int8send(last_seen_at) || int8send(idle_lifetime) || int8send(idle_expires_at) || int8send(absolute_expires_at) || COALESCE(int4send(octet_length(envelope)) || envelope, int4send(-1)), ''), ''), 'base64') AS packed
FROM (
  SELECT n, user_key, revision, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, CASE WHEN substr(envelope, octet_length(envelope) - 15) = substr($1::bytea, 16 * n + 1, 16) THEN NULL ELSE envelope END AS envelope
  FROM generate_series(0, $2::integer - 1) AS n
    JOIN "holdfast_session" AS session ON storage_key = substr($3::bytea, 32 * n + 1, 32)
  WHERE namespace = $4::text AND revoked_at IS NULL
) AS found;
-- query (ab*48, 3, 03*32 02*32 01*32, 'shop')

-- readState (3)
SELECT encode(int4send(count(*)::integer) || COALESCE(string_agg(int4send(n) || int8send(revision) || int4send(octet_length(tag)) || tag || int4send(octet_length(key_id)) || key_id || int8send(last_seen_at) || int8send(idle_expires_at) || int8send(absolute_expires_at), ''), ''), 'base64') AS packed
FROM (
  SELECT n, revision, substr(envelope, octet_length(envelope) - 15) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at
  FROM generate_series(0, $1::integer - 1) AS n
    JOIN "holdfast_session" AS session ON storage_key = substr($2::bytea, 32 * n + 1, 32)
  WHERE namespace = $3::text AND revoked_at IS NULL
) AS found;
-- query (3, 03*32 02*32 01*32, 'shop')

-- update (3)
WITH input AS MATERIALIZED (
  SELECT n,
    substr($1::bytea, 0 * size + 32 * n + 1, 32) AS storage_key,
    substr($2::bytea, numbers[0 * size + n + 1]::integer, NULLIF(numbers[1 * size + n + 1], -1)::integer) AS user_key,
    numbers[2 * size + n + 1] AS revision,
    substr($1::bytea, 32 * size + 16 * n + 1, 16) AS write_id,
    substr($2::bytea, numbers[3 * size + n + 1]::integer, NULLIF(numbers[4 * size + n + 1], -1)::integer) AS envelope,
    substr($1::bytea, 48 * size + 8 * n + 1, 8) AS key_id,
    numbers[5 * size + n + 1] AS created_at,
    numbers[6 * size + n + 1] AS last_seen_at,
    numbers[7 * size + n + 1] AS idle_lifetime,
    numbers[8 * size + n + 1] AS absolute_expires_at,
    numbers[9 * size + n + 1] AS valid_until,
    substr($2::bytea, numbers[10 * size + n + 1]::integer, NULLIF(numbers[11 * size + n + 1], -1)::integer) AS replaces,
    numbers[12 * size + n + 1] AS alive_at,
    numbers[13 * size + n + 1] = 1 AS dirty
  FROM (SELECT $3::bigint[] AS numbers, $4::integer AS size) AS given, generate_series(0, $4::integer - 1) AS n
), locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM (
    SELECT session.storage_key, session.revision = input.revision AS is_repeat
    FROM input JOIN "holdfast_session" AS session USING (storage_key)
    WHERE namespace = $5::text AND revoked_at IS NULL
      AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at
      AND ((session.revision = input.revision - 1 AND COALESCE(substr(session.envelope, octet_length(session.envelope) - 15) = input.replaces, true)) OR (session.revision = input.revision AND session.write_id = input.write_id))
    ORDER BY session.storage_key FOR NO KEY UPDATE OF session
  ) AS held
), clock AS MATERIALIZED (
  SELECT max(now) AS now FROM locked
), updated AS (
  UPDATE "holdfast_session" AS session SET user_key = input.user_key, revision = input.revision, write_id = input.write_id, envelope = input.envelope, key_id = input.key_id,
  created_at = input.created_at, last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at), idle_lifetime = input.idle_lifetime,
  idle_expires_at = LEAST(GREATEST(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
  absolute_expires_at = input.absolute_expires_at,
    dirty_at = CASE WHEN dirty THEN GREATEST(dirty_at, clock.now) ELSE dirty_at END
  FROM clock, locked JOIN input USING (storage_key)
  WHERE session.storage_key = locked.storage_key AND (is_repeat OR clock.now <= valid_until)
  RETURNING n
)
SELECT encode(int4send(count(*)::integer) || COALESCE(string_agg(int4send(n), ''), ''), 'base64') AS packed FROM updated;
-- query (03*32 02*32 01*32 dd*48 ee*24, cc*96 e0*72 ac*48, '{1,33,65,32,32,32,2,2,2,97,121,145,24,24,24,101,101,101,102,102,102,103,103,103,105,105,105,109,109,109,169,185,201,16,16,16,106,106,106,0,0,0}', 3, 'shop')

-- findRegenerated (3)
SELECT storage_key, previous_keys, revoked_at, rotated_at FROM "holdfast_session"
WHERE rotated_at >= $1::bigint AND namespace = $2::text AND ((octet_length(previous_keys) > 0 AND substr(previous_keys, 1, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 32 AND substr(previous_keys, 33, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 64 AND substr(previous_keys, 65, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 96 AND substr(previous_keys, 97, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 128 AND substr(previous_keys, 129, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 160 AND substr(previous_keys, 161, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 192 AND substr(previous_keys, 193, 32) = ANY($3::bytea[]))
  OR (octet_length(previous_keys) > 224 AND substr(previous_keys, 225, 32) = ANY($3::bytea[])));
-- query (8n, 'shop', [03*32, 02*32, 01*32])

-- touch (3)
WITH input AS MATERIALIZED (
  SELECT n,
    substr($1::bytea, 0 * size + 32 * n + 1, 32) AS storage_key,
    numbers[0 * size + n + 1] AS last_seen_at,
    numbers[1 * size + n + 1] AS alive_at,
    numbers[2 * size + n + 1] AS longest_pause
  FROM (SELECT $2::bigint[] AS numbers, $3::integer AS size) AS given, generate_series(0, $3::integer - 1) AS n
), locked AS MATERIALIZED (
  SELECT session.storage_key
  FROM input JOIN "holdfast_session" AS session USING (storage_key)
  WHERE namespace = $4::text AND revoked_at IS NULL
    AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at AND session.idle_lifetime >= longest_pause
  ORDER BY session.storage_key FOR NO KEY UPDATE OF session
), updated AS (
  UPDATE "holdfast_session" AS session SET last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
  idle_expires_at = GREATEST(session.idle_expires_at, LEAST(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
  FROM locked JOIN input USING (storage_key)
  WHERE session.storage_key = locked.storage_key
  RETURNING n, session.revision, substr(envelope, octet_length(envelope) - 15) AS tag, session.key_id, session.last_seen_at, session.idle_expires_at, session.absolute_expires_at
)
SELECT encode(int4send(count(*)::integer) || COALESCE(string_agg(int4send(n) || int8send(revision) || int4send(octet_length(tag)) || tag || int4send(octet_length(key_id)) || key_id || int8send(last_seen_at) || int8send(idle_expires_at) || int8send(absolute_expires_at), ''), ''), 'base64') AS packed FROM updated;
-- query (03*32 02*32 01*32, '{102,102,102,106,106,106,14,14,14}', 3, 'shop')
