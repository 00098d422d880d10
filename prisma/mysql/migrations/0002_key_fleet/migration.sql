-- What the nodes of a fleet tell each other about their key rings, for MariaDB 10.6 or MySQL 8.0.16, or later: two small
-- tables, so that a key is promoted only when every node can open what it seals, and retired only when none seals with it
-- any more. Neither holds a key: a fingerprint is a hash that is public.

-- One row per namespace: the highest ring that any node has ever used. It never sinks, which is how a node whose ring
-- was restored from an old backup is found out.
CREATE TABLE holdfast_session_ring (
  namespace   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  version     BIGINT      NOT NULL,
  -- Tells two rings of one version apart, as two operators make them who both start from the same ring.
  fingerprint BINARY(32)  NOT NULL,

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

  PRIMARY KEY (namespace, node_id),

  CONSTRAINT holdfast_session_node_namespace_check    CHECK (CHAR_LENGTH(namespace) > 0),
  CONSTRAINT holdfast_session_node_ring_version_check CHECK (ring_version > 0)
) ENGINE = InnoDB;
