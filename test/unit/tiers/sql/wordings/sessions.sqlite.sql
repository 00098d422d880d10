-- insert
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x''
WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?
ON CONFLICT DO NOTHING
RETURNING storage_key;
-- query (aa*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 109n)

-- insert without a user
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x''
WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?
ON CONFLICT DO NOTHING
RETURNING storage_key;
-- query (aa*32, 'shop', null, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 109n)

-- insert without a deadline
INSERT INTO "holdfast_session" (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x''
WHERE CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?
ON CONFLICT DO NOTHING
RETURNING storage_key;
-- query (aa*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, 9007199254740991n)

-- read
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL;
-- query (aa*32, 'shop')

-- read of what is known
SELECT storage_key, user_key, revision, CASE WHEN (storage_key, substr(envelope, -16)) IN (VALUES (?, ?)) THEN NULL ELSE envelope END AS envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL;
-- query (aa*32, ab*16, aa*32, 'shop')

-- readState
SELECT storage_key, revision, substr(envelope, -16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL;
-- query (aa*32, 'shop')

-- update
UPDATE "holdfast_session" SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND COALESCE(substr(envelope, -16) = ?, true) AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR (revision = ? AND write_id = ?))
RETURNING storage_key;
-- query (cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, aa*32, 'shop', 106n, 106n, 2n, ac*16, 109n, 2n, dd*16)

-- update of whatever is there
UPDATE "holdfast_session" SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND COALESCE(substr(envelope, -16) = ?, true) AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR (revision = ? AND write_id = ?))
RETURNING storage_key;
-- query (cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, aa*32, 'shop', 106n, 106n, 2n, null, 109n, 2n, dd*16)

-- update with a mark
UPDATE "holdfast_session" SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, dirty_at = max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND COALESCE(substr(envelope, -16) = ?, true) AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR (revision = ? AND write_id = ?))
RETURNING storage_key;
-- query (cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, aa*32, 'shop', 106n, 106n, 2n, ac*16, 109n, 2n, dd*16)

-- regenerate
UPDATE "holdfast_session" SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, storage_key = ?, rotated_at = ?,
  previous_keys = CASE WHEN storage_key = ?
    THEN substr(CAST(previous_keys || ? AS BLOB), -256)
    ELSE previous_keys END
WHERE namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((storage_key = ? AND revision = ? - 1 AND COALESCE(substr(envelope, -16) = ?, true) AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR (storage_key = ? AND revision = ? AND write_id = ?));
-- execute (cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, aa*32, 107n, bb*32, bb*32, 'shop', 106n, 106n, bb*32, 2n, ac*16, 109n, aa*32, 2n, dd*16)

-- regenerate with a mark
UPDATE "holdfast_session" SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, storage_key = ?, rotated_at = ?,
  previous_keys = CASE WHEN storage_key = ?
    THEN substr(CAST(previous_keys || ? AS BLOB), -256)
    ELSE previous_keys END, dirty_at = max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
WHERE namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((storage_key = ? AND revision = ? - 1 AND COALESCE(substr(envelope, -16) = ?, true) AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR (storage_key = ? AND revision = ? AND write_id = ?));
-- execute (cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, aa*32, 107n, bb*32, bb*32, 'shop', 106n, 106n, bb*32, 2n, ac*16, 109n, aa*32, 2n, dd*16)

-- touch
UPDATE "holdfast_session" SET
  last_seen_at = max(last_seen_at, ?),
  idle_expires_at = max(idle_expires_at, min(? + idle_lifetime, absolute_expires_at))
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ? AND idle_lifetime >= ?
RETURNING storage_key, revision, substr(envelope, -16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at;
-- query (102n, 102n, aa*32, 'shop', 106n, 106n, 14n)

-- revoke
UPDATE "holdfast_session" SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x''
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (108n, dd*16, aa*32, 'shop', 109n, dd*16)

-- revoke of what an insert left
UPDATE "holdfast_session" SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x''
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ? AND write_id = ?) OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (108n, dd*16, aa*32, 'shop', 109n, ba*16, dd*16)

-- revoke with a mark
UPDATE "holdfast_session" SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x'', dirty_at = max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ?) OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (108n, dd*16, aa*32, 'shop', 109n, dd*16)

-- revoke with a mark of what an insert left
UPDATE "holdfast_session" SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x'', dirty_at = max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ? AND write_id = ?) OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at;
-- query (108n, dd*16, aa*32, 'shop', 109n, ba*16, dd*16)

-- revokeMany of a user
UPDATE "holdfast_session" SET
  revision = iif(is_met AND revoked_at IS NULL, revision + 1, revision),
  revoked_at = iif(is_met, COALESCE(revoked_at, ?), revoked_at), write_id = iif(is_met, ?, write_id),
  envelope = iif(is_met, x'', envelope), dirty_at = iif(is_met, max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)), dirty_at)
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ? AS is_met) AS in_time
WHERE storage_key IN (
  SELECT storage_key FROM "holdfast_session"
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?) AND user_key IN (?, ?)
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at IS NULL AS is_late;
-- query (108n, dd*16, 109n, 'shop', '', dd*16, null, null, cc*32, bb*32, 10n)

-- revokeMany of a user, except one
UPDATE "holdfast_session" SET
  revision = iif(is_met AND revoked_at IS NULL, revision + 1, revision),
  revoked_at = iif(is_met, COALESCE(revoked_at, ?), revoked_at), write_id = iif(is_met, ?, write_id),
  envelope = iif(is_met, x'', envelope), dirty_at = iif(is_met, max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)), dirty_at)
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ? AS is_met) AS in_time
WHERE storage_key IN (
  SELECT storage_key FROM "holdfast_session"
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?) AND user_key IN (?)
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at IS NULL AS is_late;
-- query (108n, dd*16, 109n, 'shop', '', dd*16, bb*32, bb*32, cc*32, 10n)

-- revokeMany of everyone
UPDATE "holdfast_session" SET
  revision = iif(is_met AND revoked_at IS NULL, revision + 1, revision),
  revoked_at = iif(is_met, COALESCE(revoked_at, ?), revoked_at), write_id = iif(is_met, ?, write_id),
  envelope = iif(is_met, x'', envelope), dirty_at = iif(is_met, max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)), dirty_at)
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ? AS is_met) AS in_time
WHERE storage_key IN (
  SELECT storage_key FROM "holdfast_session"
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?)
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at IS NULL AS is_late;
-- query (108n, dd*16, 109n, 'shop', '', dd*16, null, null, 10n)

-- revokeMany of everyone, except one
UPDATE "holdfast_session" SET
  revision = iif(is_met AND revoked_at IS NULL, revision + 1, revision),
  revoked_at = iif(is_met, COALESCE(revoked_at, ?), revoked_at), write_id = iif(is_met, ?, write_id),
  envelope = iif(is_met, x'', envelope), dirty_at = iif(is_met, max(COALESCE(dirty_at, 0), CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)), dirty_at)
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) <= ? AS is_met) AS in_time
WHERE storage_key IN (
  SELECT storage_key FROM "holdfast_session"
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?)
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at IS NULL AS is_late;
-- query (108n, dd*16, 109n, 'shop', '', dd*16, bb*32, bb*32, 10n)

-- listByUser
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM "holdfast_session"
WHERE user_key IN (?, ?) AND namespace = ? AND revoked_at IS NULL AND storage_key > ?
ORDER BY storage_key LIMIT ?;
-- query (cc*32, bb*32, 'shop', '', 10n)

-- findRegenerated
SELECT storage_key, previous_keys, revoked_at, rotated_at FROM "holdfast_session"
WHERE rotated_at >= ? AND namespace = ? AND (instr(previous_keys, ?) > 0);
-- query (8n, 'shop', bb*32)
