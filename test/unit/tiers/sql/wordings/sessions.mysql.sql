-- insert
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (aa*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', aa*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, aa*32, 109n)

-- insert without a user
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (aa*32, 'shop', null, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', aa*32, 'shop', null, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, aa*32, 109n)

-- insert without a deadline
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (aa*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', aa*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, aa*32, 9007199254740991n)

-- read
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL;
-- query (aa*32, 'shop')

-- read of what is known
SELECT storage_key, user_key, revision, CASE WHEN (storage_key, RIGHT(envelope, 16)) IN ((?, ?)) THEN NULL ELSE envelope END AS envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL;
-- query (aa*32, ab*16, aa*32, 'shop')

-- readState
SELECT storage_key, revision, RIGHT(envelope, 16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL;
-- query (aa*32, 'shop')

-- update
UPDATE `holdfast_session` SET user_key = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = GREATEST(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = LEAST(GREATEST(last_seen_at, ?) + ?, ?), absolute_expires_at = ?,
  revision = ?, write_id = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND COALESCE(RIGHT(envelope, 16) = ?, true) AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?) OR (revision = ? AND write_id = ?));
-- execute (cc*32, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, 2n, dd*16, aa*32, 'shop', 106n, 106n, 2n, ac*16, 109n, 2n, dd*16)

-- update of whatever is there
UPDATE `holdfast_session` SET user_key = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = GREATEST(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = LEAST(GREATEST(last_seen_at, ?) + ?, ?), absolute_expires_at = ?,
  revision = ?, write_id = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND COALESCE(RIGHT(envelope, 16) = ?, true) AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?) OR (revision = ? AND write_id = ?));
-- execute (cc*32, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, 2n, dd*16, aa*32, 'shop', 106n, 106n, 2n, null, 109n, 2n, dd*16)

-- update with a mark
UPDATE `holdfast_session` SET user_key = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = GREATEST(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = LEAST(GREATEST(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000),
  revision = ?, write_id = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND COALESCE(RIGHT(envelope, 16) = ?, true) AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?) OR (revision = ? AND write_id = ?));
-- execute (cc*32, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, 2n, dd*16, aa*32, 'shop', 106n, 106n, 2n, ac*16, 109n, 2n, dd*16)

-- regenerate
UPDATE `holdfast_session` SET user_key = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = GREATEST(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = LEAST(GREATEST(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, rotated_at = ?,
  previous_keys = RIGHT(CONCAT(previous_keys, storage_key), 256),
  revision = ?, write_id = ?, storage_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND revision = ? - 1 AND COALESCE(RIGHT(envelope, 16) = ?, true) AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?;
-- execute (cc*32, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, 107n, 2n, dd*16, aa*32, bb*32, 'shop', 106n, 106n, 2n, ac*16, 109n)

-- regenerate with a mark
UPDATE `holdfast_session` SET user_key = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = GREATEST(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = LEAST(GREATEST(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, rotated_at = ?,
  previous_keys = RIGHT(CONCAT(previous_keys, storage_key), 256), dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000),
  revision = ?, write_id = ?, storage_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND revision = ? - 1 AND COALESCE(RIGHT(envelope, 16) = ?, true) AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?;
-- execute (cc*32, e0*24, ee*8, 101n, 102n, 103n, 102n, 103n, 105n, 105n, 107n, 2n, dd*16, aa*32, bb*32, 'shop', 106n, 106n, 2n, ac*16, 109n)

-- touch
UPDATE `holdfast_session` SET
  last_seen_at = GREATEST(last_seen_at, ?),
  idle_expires_at = GREATEST(idle_expires_at, LEAST(? + idle_lifetime, absolute_expires_at))
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ? AND idle_lifetime >= ?;
-- execute (102n, 102n, aa*32, 'shop', 106n, 106n, 14n)
SELECT storage_key, revision, RIGHT(envelope, 16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ? AND idle_lifetime >= ? AND last_seen_at >= ?;
-- query (aa*32, 'shop', 106n, 106n, 14n, 102n)

-- revoke
UPDATE `holdfast_session` SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END, envelope = '',
  write_id = ?, revoked_at = COALESCE(revoked_at, ?)
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?) OR write_id = ?);
-- execute (dd*16, 108n, aa*32, 'shop', 109n, dd*16)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at FROM `holdfast_session`
WHERE storage_key = ? AND namespace = ? AND write_id = ? AND revoked_at IS NOT NULL;
-- query (aa*32, 'shop', dd*16)

-- revoke of what an insert left
UPDATE `holdfast_session` SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END, envelope = '',
  write_id = ?, revoked_at = COALESCE(revoked_at, ?)
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ? AND write_id = ?) OR write_id = ?);
-- execute (dd*16, 108n, aa*32, 'shop', 109n, ba*16, dd*16)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at FROM `holdfast_session`
WHERE storage_key = ? AND namespace = ? AND write_id = ? AND revoked_at IS NOT NULL;
-- query (aa*32, 'shop', dd*16)

-- revoke with a mark
UPDATE `holdfast_session` SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END, envelope = '', dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000),
  write_id = ?, revoked_at = COALESCE(revoked_at, ?)
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ?) OR write_id = ?);
-- execute (dd*16, 108n, aa*32, 'shop', 109n, dd*16)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at FROM `holdfast_session`
WHERE storage_key = ? AND namespace = ? AND write_id = ? AND revoked_at IS NOT NULL;
-- query (aa*32, 'shop', dd*16)

-- revoke with a mark of what an insert left
UPDATE `holdfast_session` SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END, envelope = '', dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000),
  write_id = ?, revoked_at = COALESCE(revoked_at, ?)
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 <= ? AND write_id = ?) OR write_id = ?);
-- execute (dd*16, 108n, aa*32, 'shop', 109n, ba*16, dd*16)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at FROM `holdfast_session`
WHERE storage_key = ? AND namespace = ? AND write_id = ? AND revoked_at IS NOT NULL;
-- query (aa*32, 'shop', dd*16)

-- revokeMany of a user
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at FROM `holdfast_session`
WHERE namespace = ? AND storage_key > ? AND user_key IN (?, ?)
  AND (revoked_at IS NULL OR write_id = ?)
ORDER BY storage_key LIMIT ?;
-- query ('shop', '', cc*32, bb*32, dd*16, 10n)
UPDATE `holdfast_session` FORCE INDEX (PRIMARY) SET
  revision = revision + 1 + 9223372036854775807 * ((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?), envelope = '', dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000), write_id = ?, revoked_at = ?
WHERE storage_key IN (?) AND namespace = ? AND user_key IN (?, ?) AND revoked_at IS NULL
ORDER BY storage_key;
-- execute (109n, dd*16, 108n, aa*32, 'shop', cc*32, bb*32)

-- revokeMany of a user, except one
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at FROM `holdfast_session`
WHERE namespace = ? AND storage_key > ? AND storage_key <> ? AND user_key IN (?)
  AND (revoked_at IS NULL OR write_id = ?)
ORDER BY storage_key LIMIT ?;
-- query ('shop', '', bb*32, cc*32, dd*16, 10n)
UPDATE `holdfast_session` FORCE INDEX (PRIMARY) SET
  revision = revision + 1 + 9223372036854775807 * ((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?), envelope = '', dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000), write_id = ?, revoked_at = ?
WHERE storage_key IN (?) AND namespace = ? AND user_key IN (?) AND revoked_at IS NULL
ORDER BY storage_key;
-- execute (109n, dd*16, 108n, aa*32, 'shop', cc*32)

-- revokeMany of everyone
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at FROM `holdfast_session`
WHERE namespace = ? AND storage_key > ?
  AND (revoked_at IS NULL OR write_id = ?)
ORDER BY storage_key LIMIT ?;
-- query ('shop', '', dd*16, 10n)
UPDATE `holdfast_session` FORCE INDEX (PRIMARY) SET
  revision = revision + 1 + 9223372036854775807 * ((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?), envelope = '', dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000), write_id = ?, revoked_at = ?
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL
ORDER BY storage_key;
-- execute (109n, dd*16, 108n, aa*32, 'shop')

-- revokeMany of everyone, except one
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at FROM `holdfast_session`
WHERE namespace = ? AND storage_key > ? AND storage_key <> ?
  AND (revoked_at IS NULL OR write_id = ?)
ORDER BY storage_key LIMIT ?;
-- query ('shop', '', bb*32, dd*16, 10n)
UPDATE `holdfast_session` FORCE INDEX (PRIMARY) SET
  revision = revision + 1 + 9223372036854775807 * ((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?), envelope = '', dirty_at = GREATEST(COALESCE(dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000), write_id = ?, revoked_at = ?
WHERE storage_key IN (?) AND namespace = ? AND revoked_at IS NULL
ORDER BY storage_key;
-- execute (109n, dd*16, 108n, aa*32, 'shop')

-- listByUser
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE user_key IN (?, ?) AND namespace = ? AND revoked_at IS NULL AND storage_key > ?
ORDER BY storage_key LIMIT ?;
-- query (cc*32, bb*32, 'shop', '', 10n)

-- findRegenerated
SELECT storage_key, previous_keys, revoked_at, rotated_at FROM `holdfast_session`
WHERE rotated_at >= ? AND namespace = ? AND (LOCATE(?, previous_keys) > 0);
-- query (8n, 'shop', bb*32)
