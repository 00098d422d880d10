-- What the nodes of a fleet tell each other about their key rings, for SQLite 3.35 or later: two small tables, so that
-- a key is promoted only when every node can open what it seals, and retired only when none seals with it any more.
-- Neither holds a key: a fingerprint is a hash that is public.

-- One row per namespace: the highest ring that any node has ever used. It never sinks, which is how a node whose ring
-- was restored from an old backup is found out.
CREATE TABLE holdfast_session_ring (
  namespace   TEXT   NOT NULL PRIMARY KEY,
  version     BIGINT NOT NULL,
  -- Tells two rings of one version apart, as two operators make them who both start from the same ring.
  fingerprint BLOB   NOT NULL,

  -- The library never breaks these. They are for the night when somebody repairs rows by hand, and because SQLite
  -- would otherwise take text for a blob and 'soon' for a number.
  CONSTRAINT holdfast_session_ring_namespace_check   CHECK (typeof(namespace) = 'text' AND length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_ring_version_check     CHECK (typeof(version) = 'integer' AND version > 0),
  CONSTRAINT holdfast_session_ring_fingerprint_check CHECK (typeof(fingerprint) = 'blob' AND length(fingerprint) = 32)
);

-- One row per node: one life of one session client. Each rewrites its own every ten seconds, and takes it away when it is
-- closed.
CREATE TABLE holdfast_session_node (
  namespace       TEXT   NOT NULL,
  -- Random, drawn anew at each start.
  node_id         BLOB   NOT NULL,
  -- The ring that the node seals and opens with.
  ring_version    BIGINT NOT NULL,
  -- Milliseconds since the epoch, by the clock of the machine that has the file: the latest heartbeat …
  seen_at         BIGINT NOT NULL,
  -- … and the first one that showed this ring.
  acknowledged_at BIGINT NOT NULL,

  PRIMARY KEY (namespace, node_id),

  CONSTRAINT holdfast_session_node_namespace_check    CHECK (typeof(namespace) = 'text' AND length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_node_node_id_check      CHECK (typeof(node_id) = 'blob' AND length(node_id) = 16),
  CONSTRAINT holdfast_session_node_ring_version_check CHECK (typeof(ring_version) = 'integer' AND ring_version > 0),
  CONSTRAINT holdfast_session_node_times_check        CHECK (typeof(seen_at) = 'integer'
                                                             AND typeof(acknowledged_at) = 'integer')
);
