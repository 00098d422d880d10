-- walk
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT storage_key, key_id, (user_key IS NOT NULL) AS has_user,
  (namespace = ? AND revoked_at IS NULL
    AND idle_expires_at >= ? AND absolute_expires_at > ?) AS is_alive
FROM `holdfast_session`
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?;
-- query ('shop', 5n, 5n, aa*32, 10n)

-- moveUserKey
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session` FORCE INDEX (PRIMARY) SET user_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL AND user_key = ?;
-- execute (bb*32, aa*32, 'shop', cc*32)

-- claimSweep
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session_ring`
SET sweep_until = CASE WHEN sweep_until = GREATEST(?, COALESCE((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 + CAST(JSON_VALUE(?, CONCAT('$.', CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)))) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED))) + ? THEN sweep_until + 1 ELSE GREATEST(?, COALESCE((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 + CAST(JSON_VALUE(?, CONCAT('$.', CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)))) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED))) + ? END, sweep_pass = ?
WHERE namespace = ? AND (sweep_until IS NULL OR sweep_until <= GREATEST(?, COALESCE((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 + CAST(JSON_VALUE(?, CONCAT('$.', CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)))) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED))) OR sweep_pass = ?);
-- execute (0n, '{"s1":-1}', 60000n, 0n, '{"s1":-1}', 60000n, dd*16, 'shop', 0n, '{"s1":-1}', dd*16)

-- findEnded
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT storage_key, (namespace = ? AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL
    THEN LEAST(idle_expires_at, absolute_expires_at) < ? ELSE revoked_at < ? END) AS is_ended
FROM `holdfast_session`
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?;
-- query ('shop', 8n, 3n, aa*32, 10n)

-- removeEnded
SET STATEMENT wsrep_sync_wait = 15 FOR DELETE session FROM (
  SELECT storage_key FROM `holdfast_session` FORCE INDEX (PRIMARY)
  WHERE namespace = ? AND dirty_at IS NULL AND rotated_at IS NULL
    AND CASE WHEN revoked_at IS NULL
      THEN LEAST(idle_expires_at, absolute_expires_at) < ? ELSE revoked_at < ? END AND storage_key IN (?, ?)
  ORDER BY storage_key LIMIT ? FOR UPDATE SKIP LOCKED
) AS ended STRAIGHT_JOIN `holdfast_session` AS session FORCE INDEX (PRIMARY) ON session.storage_key = ended.storage_key;
-- execute ('shop', 8n, 3n, aa*32, bb*32, 2n)
