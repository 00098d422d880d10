-- insert (1)
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (01*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 01*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, 01*32, 109n)
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?);
-- query (01*32)

-- insert (2)
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (01*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 02*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 01*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, 01*32, 109n)
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (02*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 02*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, 02*32, 109n)
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?);
-- query (02*32)
INSERT INTO `holdfast_session` (storage_key, namespace, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, previous_keys)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE revision = revision + 9223372036854775807 * (VALUES(previous_keys) = '' OR (TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 > ?);
-- execute (01*32, 'shop', cc*32, 2n, dd*16, e0*24, ee*8, 101n, 102n, 103n, 104n, 105n, '', 01*32, 'shop', cc*32, 2n, dd*16, 00*1, ee*8, 101n, 102n, 103n, 104n, 105n, 01*32, 109n)
SELECT storage_key, write_id, revoked_at, idle_expires_at, absolute_expires_at FROM `holdfast_session`
WHERE storage_key IN (?);
-- query (01*32)
