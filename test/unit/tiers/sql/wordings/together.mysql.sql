-- insert (3)
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (01*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 02*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 03*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 01*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, 01*32, 109n)

-- read (3)
SELECT storage_key, user_key, revision, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?, ?, ?) AND namespace = ? AND revoked_at IS NULL;
-- query (03*32, 02*32, 01*32, 'shop')

-- read of what is known (3)
SELECT storage_key, user_key, revision, CASE WHEN (storage_key, RIGHT(envelope, 16)) IN ((?, ?), (?, ?), (?, ?)) THEN NULL ELSE envelope END AS envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?, ?, ?) AND namespace = ? AND revoked_at IS NULL;
-- query (03*32, ab*16, 02*32, ab*16, 01*32, ab*16, 03*32, 02*32, 01*32, 'shop')

-- readState (3)
SELECT storage_key, revision, RIGHT(envelope, 16) AS tag, key_id, last_seen_at, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?, ?, ?) AND namespace = ? AND revoked_at IS NULL;
-- query (03*32, 02*32, 01*32, 'shop')

-- update (3)
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
  storage_key LONGTEXT PATH '$[0]', user_key LONGTEXT PATH '$[1]', revision BIGINT PATH '$[2]', write_id LONGTEXT PATH '$[3]', envelope LONGTEXT PATH '$[4]', key_id LONGTEXT PATH '$[5]', created_at BIGINT PATH '$[6]', last_seen_at BIGINT PATH '$[7]', idle_lifetime BIGINT PATH '$[8]', absolute_expires_at BIGINT PATH '$[9]', valid_until BIGINT PATH '$[10]', replaces LONGTEXT PATH '$[11]', alive_at BIGINT PATH '$[12]', dirty BIGINT PATH '$[13]'
)) AS input LEFT JOIN `holdfast_session` AS session FORCE INDEX (PRIMARY) ON session.storage_key = UNHEX(input.storage_key)
SET session.user_key = UNHEX(input.user_key), session.revision = input.revision, session.write_id = UNHEX(input.write_id),
  session.envelope = UNHEX(input.envelope), session.key_id = UNHEX(input.key_id),
  session.created_at = input.created_at, session.last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
  session.idle_lifetime = input.idle_lifetime,
  session.idle_expires_at = LEAST(GREATEST(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
  session.absolute_expires_at = input.absolute_expires_at,
  session.dirty_at = CASE WHEN input.dirty THEN GREATEST(COALESCE(session.dirty_at, 0), (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
      + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000) ELSE session.dirty_at END
WHERE 1 + 9223372036854775807 * (CASE WHEN input.storage_key IS NULL THEN (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > input.valid_until
  ELSE NOT COALESCE(namespace = ? AND revoked_at IS NULL
    AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at
    AND ((session.revision = input.revision - 1 AND COALESCE(RIGHT(session.envelope, 16) = UNHEX(input.replaces), true))
      OR (session.revision = input.revision AND session.write_id = UNHEX(input.write_id))), FALSE) END) > 0;
-- execute ('[["01*32","cc*32",2,"dd*16","e0*24","ee*8",101,102,103,105,109,"ac*16",106,0],["02*32","cc*32",2,"dd*16","e0*24","ee*8",101,102,103,105,109,"ac*16",106,0],["03*32","cc*32",2,"dd*16","e0*24","ee*8",101,102,103,105,109,"ac*16",106,0],[null,null,null,null,null,null,null,null,null,null,109,null,null,null]]', 'shop')

-- findRegenerated (3)
SELECT storage_key, previous_keys, revoked_at, rotated_at FROM `holdfast_session`
WHERE rotated_at >= ? AND namespace = ? AND (LOCATE(?, previous_keys) > 0 OR LOCATE(?, previous_keys) > 0 OR LOCATE(?, previous_keys) > 0);
-- query (8n, 'shop', 03*32, 02*32, 01*32)

-- touch (3)
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
  storage_key LONGTEXT PATH '$[0]', last_seen_at BIGINT PATH '$[1]', alive_at BIGINT PATH '$[2]', longest_pause BIGINT PATH '$[3]'
)) AS input STRAIGHT_JOIN `holdfast_session` AS session FORCE INDEX (PRIMARY) ON session.storage_key = UNHEX(input.storage_key)
SET session.last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
  session.idle_expires_at = GREATEST(session.idle_expires_at,
    LEAST(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
WHERE namespace = ? AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at AND session.idle_lifetime >= longest_pause;
-- execute ('[["01*32",102,106,14],["02*32",102,106,14],["03*32",102,106,14]]', 'shop')
SELECT session.storage_key, session.revision, RIGHT(envelope, 16) AS tag, session.key_id, session.last_seen_at, session.idle_expires_at, session.absolute_expires_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  storage_key LONGTEXT PATH '$[0]', last_seen_at BIGINT PATH '$[1]', alive_at BIGINT PATH '$[2]', longest_pause BIGINT PATH '$[3]'
)) AS input STRAIGHT_JOIN `holdfast_session` AS session FORCE INDEX (PRIMARY) ON session.storage_key = UNHEX(input.storage_key)
WHERE namespace = ? AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at AND session.idle_lifetime >= longest_pause AND session.last_seen_at >= input.last_seen_at;
-- query ('[["01*32",102,106,14],["02*32",102,106,14],["03*32",102,106,14]]', 'shop')
