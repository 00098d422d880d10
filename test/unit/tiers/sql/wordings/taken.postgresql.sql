-- insert (1)
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT $1::bytea, $2::text, $3::bytea, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint, ''::bytea
WHERE floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint
ON CONFLICT DO NOTHING
RETURNING 1 / (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint <= $13::bigint)::integer AS in_time;
-- query (01*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 109n)
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key = ANY($1::bytea[]);
-- query ([01*32])

-- insert (2)
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
-- query (02*32 01*32 dd*32 ee*16, cc*64 e0*48, '{1,33,32,32,2,2,65,89,24,24,101,101,102,102,103,103,105,105,109,109,104,104}', 2, 'shop')
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key = ANY($1::bytea[]);
-- query ([02*32, 01*32])
