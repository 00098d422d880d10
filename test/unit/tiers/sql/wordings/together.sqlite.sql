-- insert (3)
WITH input (storage_key, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, absolute_expires_at, valid_until, idle_expires_at) AS (
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
)
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT storage_key, ?, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, x''
FROM input WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= valid_until
ON CONFLICT DO NOTHING
RETURNING storage_key;
-- query (03*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, 104n, 02*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, 104n, 01*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, 104n, 'shop')

-- read (3)
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?, ?, ?) AND namespace = ? AND revoked_at IS NULL;
-- query (03*32, 02*32, 01*32, 'shop')

-- read of what is known (3)
SELECT storage_key, user_key, revision, CASE WHEN (storage_key, substr(envelope, -16)) IN (VALUES (?, ?), (?, ?), (?, ?)) THEN NULL ELSE envelope END AS envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?, ?, ?) AND namespace = ? AND revoked_at IS NULL;
-- query (03*32, ab*16, 02*32, ab*16, 01*32, ab*16, 03*32, 02*32, 01*32, 'shop')

-- readState (3)
SELECT storage_key, revision, substr(envelope, -16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?, ?, ?) AND namespace = ? AND revoked_at IS NULL;
-- query (03*32, 02*32, 01*32, 'shop')

-- update (3)
WITH input (storage_key, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, absolute_expires_at, valid_until, replaces, alive_at, dirty) AS (
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
)
UPDATE "holdfast_session" AS session SET user_key = input.user_key, revision = input.revision, write_id = input.write_id, envelope = input.envelope, key_id = input.key_id,
created_at = input.created_at, last_seen_at = max(session.last_seen_at, input.last_seen_at), idle_lifetime = input.idle_lifetime,
idle_expires_at = min(max(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
absolute_expires_at = input.absolute_expires_at,
  dirty_at = CASE WHEN dirty THEN max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)) ELSE dirty_at END
FROM input
WHERE session.storage_key = input.storage_key AND namespace = ? AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at
  AND ((session.revision = input.revision - 1 AND COALESCE(substr(session.envelope, -16) = input.replaces, true) AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= valid_until) OR (session.revision = input.revision AND session.write_id = input.write_id))
RETURNING storage_key;
-- query (03*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, ac*16, 106n, 0n, 02*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, ac*16, 106n, 0n, 01*32, cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 105n, 109n, ac*16, 106n, 0n, 'shop')

-- findRegenerated (3)
SELECT storage_key, previous_keys, revoked_at, rotated_at FROM "holdfast_session"
WHERE rotated_at >= ? AND namespace = ? AND (instr(previous_keys, ?) > 0 OR instr(previous_keys, ?) > 0 OR instr(previous_keys, ?) > 0);
-- query (8n, 'shop', 03*32, 02*32, 01*32)

-- touch (3)
WITH input (storage_key, last_seen_at, alive_at, longest_pause) AS (
  VALUES (?, ?, ?, ?), (?, ?, ?, ?), (?, ?, ?, ?)
)
UPDATE "holdfast_session" AS session SET last_seen_at = max(session.last_seen_at, input.last_seen_at),
idle_expires_at = max(session.idle_expires_at, min(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
FROM input
WHERE session.storage_key = input.storage_key AND namespace = ? AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at AND session.idle_lifetime >= longest_pause
RETURNING storage_key, revision, substr(envelope, -16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at;
-- query (03*32, 102n, 106n, 14n, 02*32, 102n, 106n, 14n, 01*32, 102n, 106n, 14n, 'shop')
