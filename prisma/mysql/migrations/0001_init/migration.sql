-- The sessions of holdfast, for MariaDB 10.6 or MySQL 8.0.16, or later (they need JSON_TABLE, and checks that are enforced).
--
-- Nearly every statement on this table is an update of one row that changes no indexed column: InnoDB then changes the row
-- in its page and touches no other index. So: no index on a column that an update or a touch changes (revision,
-- last_seen_at, idle_expires_at, revoked_at, …), however useful it looks.

CREATE TABLE holdfast_session (
  -- SHA-256 of the session id. A thief of this table cannot present it as a cookie.
  storage_key         BINARY(32)     NOT NULL,
  -- Compared byte by byte: the usual collations take 'Shop' and 'shop' for the same.
  namespace           VARCHAR(64)    CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- Keyed hash of the user id: lets a user's sessions be found without saying whose they are.
  user_key            BINARY(32),
  revision            BIGINT         NOT NULL,
  -- Random per write. A statement whose answer was lost is repeated, and this tells whether it had run.
  write_id            BINARY(16)     NOT NULL,
  -- Ciphertext; emptied when the session is revoked, so that nothing is left to decrypt.
  envelope            MEDIUMBLOB     NOT NULL,
  key_id              BINARY(8)      NOT NULL,
  -- Milliseconds since the epoch rather than TIMESTAMP: no driver converts them, no session time zone matters.
  created_at          BIGINT         NOT NULL,
  last_seen_at        BIGINT         NOT NULL,
  -- Milliseconds of inactivity that end the session. A touch moves idle_expires_at by it.
  idle_lifetime       BIGINT         NOT NULL,
  idle_expires_at     BIGINT         NOT NULL,
  absolute_expires_at BIGINT         NOT NULL,
  revoked_at          BIGINT,
  -- When the primary tier missed a change of this row: the work list that makes the tiers agree again.
  dirty_at            BIGINT,
  -- When the session last got a new id.
  rotated_at          BIGINT,
  -- The storage keys it had before, one after the other: a logout that raced a login still finds its session.
  previous_keys       VARBINARY(256) NOT NULL DEFAULT '',

  PRIMARY KEY (storage_key),

  -- The library never breaks these. They are for the night when somebody repairs rows by hand.
  CONSTRAINT holdfast_session_namespace_check     CHECK (CHAR_LENGTH(namespace) > 0),
  CONSTRAINT holdfast_session_revision_check      CHECK (revision > 0),
  CONSTRAINT holdfast_session_idle_lifetime_check CHECK (idle_lifetime > 0),
  CONSTRAINT holdfast_session_envelope_check      CHECK (OCTET_LENGTH(envelope) > 0 OR revoked_at IS NOT NULL),
  CONSTRAINT holdfast_session_previous_keys_check CHECK (OCTET_LENGTH(previous_keys) % 32 = 0)
) ENGINE = InnoDB;

-- There are no partial indexes here: the nulls are in these too, 40 bytes a session and index.

-- A user's sessions: "your devices", and "sign out everywhere".
CREATE INDEX holdfast_session_user_key_idx ON holdfast_session (user_key);

-- The feed that each node reads every second, in this order. All nulls while the primary tier is well.
CREATE INDEX holdfast_session_dirty_at_idx ON holdfast_session (dirty_at, storage_key);

-- The few sessions that lately changed their id, among which a late logout looks for its key.
CREATE INDEX holdfast_session_rotated_at_idx ON holdfast_session (rotated_at);

-- Two small tables in which the nodes of a fleet report their key rings, so that a key is promoted only when every node can open what
-- it seals, and retired only when none seals with it any more; and the masters of the primary tier that they are connected to, so that
-- all of them use the same ones. Neither holds a key: a fingerprint is a hash that is public.

-- One row per namespace: the highest ring that any node has ever used. It never sinks, which is how a node whose ring
-- was restored from an old backup is found out.
CREATE TABLE holdfast_session_ring (
  namespace   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  version     BIGINT      NOT NULL,
  -- Tells two rings of one version apart, as two operators make them who both start from the same ring.
  fingerprint BINARY(32)  NOT NULL,
  -- One node at a time deletes the rows of sessions that ended long ago. Random, names one pass over them; null before the first.
  sweep_pass  BINARY(16),
  -- Milliseconds since the epoch, by this server's clock: no other pass begins before. A node that dies is relieved then.
  sweep_until BIGINT,
  -- The masters of the primary tier that count, as the nodes agreed. Names and hashes, no address.
  masters     VARCHAR(20000) CHARACTER SET ascii COLLATE ascii_bin,

  PRIMARY KEY (namespace),

  -- The library never breaks these. They are for the night when somebody repairs rows by hand.
  CONSTRAINT holdfast_session_ring_namespace_check CHECK (CHAR_LENGTH(namespace) > 0),
  CONSTRAINT holdfast_session_ring_version_check   CHECK (version > 0)
) ENGINE = InnoDB;

-- One row per node: one life of one session client. Each rewrites its own every ten seconds, and takes it away when it is
-- closed. As with sessions, no index on what changes.
CREATE TABLE holdfast_session_node (
  namespace       VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- Random, drawn anew at each start.
  node_id         BINARY(16)  NOT NULL,
  -- The ring that the node seals and opens with.
  ring_version    BIGINT      NOT NULL,
  -- Milliseconds since the epoch, by this server's clock: the latest heartbeat …
  seen_at         BIGINT      NOT NULL,
  -- … and the first one that showed this ring.
  acknowledged_at BIGINT      NOT NULL,
  -- Counts its heartbeats: one that comes late changes nothing.
  beat            BIGINT      NOT NULL DEFAULT 0,
  -- The masters of the primary tier that the node is connected to.
  masters         VARCHAR(20000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',

  PRIMARY KEY (namespace, node_id),

  CONSTRAINT holdfast_session_node_namespace_check    CHECK (CHAR_LENGTH(namespace) > 0),
  CONSTRAINT holdfast_session_node_ring_version_check CHECK (ring_version > 0)
) ENGINE = InnoDB;
