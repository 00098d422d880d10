-- The sessions of holdfast, for PostgreSQL 13 or later.
--
-- Nearly every statement on this table is an update of one row that changes no indexed column. PostgreSQL can then keep
-- the new row version on the same page and touch no index ("heap-only tuple"), which is what makes sessions cheap.
-- So: no index on a column that an update or a touch changes (revision, last_seen_at, idle_expires_at, revoked_at, …),
-- however useful it looks. The sweeper walks the primary key instead.

CREATE TABLE holdfast_session (
  -- SHA-256 of the session id. A thief of this table cannot present it as a cookie.
  storage_key         bytea  NOT NULL,
  namespace           text   NOT NULL,
  -- Keyed hash of the user id: lets a user's sessions be found without saying whose they are.
  user_key            bytea,
  revision            bigint NOT NULL,
  -- Random per write. A statement whose answer was lost is repeated, and this tells whether it had run.
  write_id            bytea  NOT NULL,
  -- Ciphertext; emptied when the session is revoked, so that nothing is left to decrypt.
  envelope            bytea  NOT NULL,
  key_id              bytea  NOT NULL,
  -- Milliseconds since the epoch rather than timestamptz: no driver converts them, no session time zone matters.
  created_at          bigint NOT NULL,
  last_seen_at        bigint NOT NULL,
  -- Milliseconds of inactivity that end the session. A touch moves idle_expires_at by it.
  idle_lifetime       bigint NOT NULL,
  idle_expires_at     bigint NOT NULL,
  absolute_expires_at bigint NOT NULL,
  revoked_at          bigint,
  -- When the primary tier missed a change of this row: the work list that makes the tiers agree again.
  dirty_at            bigint,
  -- When the session last got a new id.
  rotated_at          bigint,
  -- The storage keys it had before, one after the other: a logout that raced a login still finds its session.
  previous_keys       bytea  NOT NULL DEFAULT ''::bytea,

  CONSTRAINT holdfast_session_pkey PRIMARY KEY (storage_key),

  -- The library never breaks these. They are for the night when somebody repairs rows by hand.
  CONSTRAINT holdfast_session_storage_key_check   CHECK (octet_length(storage_key) = 32),
  CONSTRAINT holdfast_session_namespace_check     CHECK (char_length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_user_key_check      CHECK (octet_length(user_key) = 32),
  CONSTRAINT holdfast_session_revision_check      CHECK (revision > 0),
  CONSTRAINT holdfast_session_idle_lifetime_check CHECK (idle_lifetime > 0),
  CONSTRAINT holdfast_session_write_id_check      CHECK (octet_length(write_id) = 16),
  CONSTRAINT holdfast_session_envelope_check      CHECK (octet_length(envelope) > 0 OR revoked_at IS NOT NULL),
  CONSTRAINT holdfast_session_key_id_check        CHECK (octet_length(key_id) = 8),
  CONSTRAINT holdfast_session_previous_keys_check CHECK (octet_length(previous_keys) % 32 = 0
                                                         AND octet_length(previous_keys) <= 256)
) WITH (
  -- Half of each page stays free for the next versions of its rows. A full page sends the new version to another page,
  -- and every index along with it. Costs twice the disk; gave 99.99 % heap-only updates and 1.6 times the rate.
  fillfactor = 50,
  -- The default waits until a fifth of the table is dead, which for a million sessions is 200 000 revoked or expired
  -- rows that every walk of the sweeper reads again. With heap-only updates a vacuum has little to do in the indexes.
  autovacuum_vacuum_scale_factor = 0.05
);

-- Ciphertext does not compress: spare the attempt on each write of an envelope too large for its page.
ALTER TABLE holdfast_session ALTER COLUMN envelope SET STORAGE EXTERNAL;

-- A user's sessions: "your devices", and "sign out everywhere". Anonymous sessions, often the most, take no room in it.
CREATE INDEX holdfast_session_user_key_idx ON holdfast_session (user_key) WHERE user_key IS NOT NULL;

-- The feed that each node reads every second, in this order. Empty while the primary tier is well.
CREATE INDEX holdfast_session_dirty_at_idx ON holdfast_session (dirty_at, storage_key) WHERE dirty_at IS NOT NULL;

-- The few sessions that lately changed their id, among which a late logout looks for its key.
CREATE INDEX holdfast_session_rotated_at_idx ON holdfast_session (rotated_at) WHERE rotated_at IS NOT NULL;

-- Two small tables in which the nodes of a fleet report their key rings, so that a key is promoted only when every node can open what
-- it seals, and retired only when none seals with it any more; and the masters of the primary tier that they are connected to, so that
-- all of them use the same ones. Neither holds a key: a fingerprint is a hash that is public.

-- One row per namespace: the highest ring that any node has ever used. It never sinks, which is how a node whose ring
-- was restored from an old backup is found out.
CREATE TABLE holdfast_session_ring (
  namespace   text   NOT NULL,
  version     bigint NOT NULL,
  -- Tells two rings of one version apart, as two operators make them who both start from the same ring.
  fingerprint bytea  NOT NULL,
  -- One node at a time deletes the rows of sessions that ended long ago. Random, names one pass over them; null before the first.
  sweep_pass  bytea,
  -- Milliseconds since the epoch, by this server's clock: no other pass begins before. A node that dies is relieved then.
  sweep_until bigint,
  -- The masters of the primary tier that count, as the nodes agreed. Names and hashes, no address.
  masters     text,

  CONSTRAINT holdfast_session_ring_pkey PRIMARY KEY (namespace),

  -- The library never breaks these. They are for the night when somebody repairs rows by hand.
  CONSTRAINT holdfast_session_ring_namespace_check   CHECK (char_length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_ring_version_check     CHECK (version > 0),
  CONSTRAINT holdfast_session_ring_fingerprint_check CHECK (octet_length(fingerprint) = 32),
  CONSTRAINT holdfast_session_ring_sweep_pass_check  CHECK (octet_length(sweep_pass) = 16)
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
  -- Counts its heartbeats: one that comes late changes nothing.
  beat            bigint NOT NULL DEFAULT 0,
  -- The masters of the primary tier that the node is connected to.
  masters         text   NOT NULL DEFAULT '',

  CONSTRAINT holdfast_session_node_pkey PRIMARY KEY (namespace, node_id),

  CONSTRAINT holdfast_session_node_namespace_check    CHECK (char_length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_node_node_id_check      CHECK (octet_length(node_id) = 16),
  CONSTRAINT holdfast_session_node_ring_version_check CHECK (ring_version > 0)
);
