-- What the nodes of a fleet tell each other about their key rings, for PostgreSQL 13 or later: two small tables, so that
-- a key is promoted only when every node can open what it seals, and retired only when none seals with it any more.
-- Neither holds a key: a fingerprint is a hash that is public.

-- One row per namespace: the highest ring that any node has ever used. It never sinks, which is how a node whose ring
-- was restored from an old backup is found out.
CREATE TABLE holdfast_session_ring (
  namespace   text   NOT NULL,
  version     bigint NOT NULL,
  -- Tells two rings of one version apart, as two operators make them who both start from the same ring.
  fingerprint bytea  NOT NULL,

  CONSTRAINT holdfast_session_ring_pkey PRIMARY KEY (namespace),

  -- The library never breaks these. They are for the night when somebody repairs rows by hand.
  CONSTRAINT holdfast_session_ring_namespace_check   CHECK (char_length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_ring_version_check     CHECK (version > 0),
  CONSTRAINT holdfast_session_ring_fingerprint_check CHECK (octet_length(fingerprint) = 32)
);

-- One row per node: one life of one session client. Each rewrites its own every ten seconds, and takes it away when it is
-- closed. As with sessions, no index on what changes, so that these rewrites stay on one page and touch no index.
CREATE TABLE holdfast_session_node (
  namespace       text   NOT NULL,
  -- Random, drawn anew at each start.
  node_id         bytea  NOT NULL,
  -- The ring that the node seals and opens with.
  ring_version    bigint NOT NULL,
  -- Milliseconds since the epoch, by this server's clock: the latest heartbeat …
  seen_at         bigint NOT NULL,
  -- … and the first one that showed this ring.
  acknowledged_at bigint NOT NULL,

  CONSTRAINT holdfast_session_node_pkey PRIMARY KEY (namespace, node_id),

  CONSTRAINT holdfast_session_node_namespace_check    CHECK (char_length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_node_node_id_check      CHECK (octet_length(node_id) = 16),
  CONSTRAINT holdfast_session_node_ring_version_check CHECK (ring_version > 0)
);
