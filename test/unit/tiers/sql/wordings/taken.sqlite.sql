-- insert (1)
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x''
WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?
ON CONFLICT DO NOTHING
RETURNING storage_key;
-- query (01*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 109n)
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?);
-- query (01*32)

-- insert (2)
WITH input (storage_key, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, absolute_expires_at, valid_until, idle_expires_at) AS (
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
)
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT storage_key, ?, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, x''
FROM input WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= valid_until
ON CONFLICT DO NOTHING
RETURNING storage_key;
-- query (02*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, 104n, 01*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, 104n, 'shop')
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?, ?);
-- query (02*32, 01*32)
