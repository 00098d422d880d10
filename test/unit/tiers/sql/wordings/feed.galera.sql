-- markDirty
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session` SET dirty_at = GREATEST(COALESCE(dirty_at, 0), GREATEST(?, COALESCE((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 450000000
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86850000000, 900000000)) DIV 1000 + CAST(JSON_VALUE(?, CONCAT('$.', CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)))) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED))))
WHERE storage_key = ? AND namespace = ?;
-- execute (0n, '{"s1":-1}', aa*32, 'shop')

-- read from a time
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT now, CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS read_only, ring.masters AS named, report, storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys, CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)) AS server, (
  SELECT seen_at FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?
) AS committed
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now) AS clock
CROSS JOIN (
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM `holdfast_session_node`
  WHERE namespace = ? AND seen_at >= ? - 600000
) AS fleet
LEFT JOIN `holdfast_session_ring` AS ring ON ring.namespace = ?
LEFT JOIN (
  SELECT storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys FROM `holdfast_session`
  WHERE namespace = ? AND dirty_at >= ? AND (dirty_at > ? OR storage_key > ?)
  ORDER BY dirty_at, storage_key LIMIT ?
) AS feed ON true
ORDER BY dirty_at, storage_key;
-- query ('#time', 00*16, 'shop', 0n, 'shop', 'shop', 11n, 11n, '', 11n)

-- read after a mark
SET STATEMENT wsrep_sync_wait = 15 FOR SELECT now, CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS read_only, ring.masters AS named, report, storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys, CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16)) AS server, (
  SELECT seen_at FROM `holdfast_session_node` WHERE namespace = ? AND node_id = ?
) AS committed
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS now) AS clock
CROSS JOIN (
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM `holdfast_session_node`
  WHERE namespace = ? AND seen_at >= ? - 600000
) AS fleet
LEFT JOIN `holdfast_session_ring` AS ring ON ring.namespace = ?
LEFT JOIN (
  SELECT storage_key, dirty_at, revision, revoked_at, absolute_expires_at, previous_keys FROM `holdfast_session`
  WHERE namespace = ? AND dirty_at >= ? AND (dirty_at > ? OR storage_key > ?)
  ORDER BY dirty_at, storage_key LIMIT ?
) AS feed ON true
ORDER BY dirty_at, storage_key;
-- query ('#time', 00*16, 'shop', 0n, 'shop', 'shop', 10n, 10n, aa*32, 11n)

-- clear
SET STATEMENT wsrep_sync_wait = 15 FOR (SELECT storage_key FROM `holdfast_session`
  WHERE dirty_at < ? AND namespace = ? AND COALESCE(dirty_at, 0) < ? AND COALESCE(rotated_at, 0) < ? LIMIT ?)
UNION (SELECT storage_key FROM `holdfast_session`
  WHERE rotated_at < ? AND namespace = ? AND COALESCE(dirty_at, 0) < ? AND COALESCE(rotated_at, 0) < ? LIMIT ?)
ORDER BY storage_key LIMIT ?;
-- query (13n, 'shop', 13n, 13n, 13n, 13n, 'shop', 13n, 13n, 13n, 13n)
SET STATEMENT wsrep_sync_wait = 15 FOR UPDATE `holdfast_session` FORCE INDEX (PRIMARY) SET dirty_at = NULL, rotated_at = NULL, previous_keys = ''
WHERE storage_key IN (?) AND (dirty_at IS NOT NULL OR rotated_at IS NOT NULL) AND namespace = ? AND COALESCE(dirty_at, 0) < ? AND COALESCE(rotated_at, 0) < ?
ORDER BY storage_key;
-- execute (aa*32, 'shop', 13n, 13n)
