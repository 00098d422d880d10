-- The sessions of holdfast, for SQLite 3.35 or later (it needs RETURNING).
--
-- Two roads not taken:
--   STRICT         allows INTEGER but not BIGINT, and Prisma's adapters read INTEGER as 32 bits wide, too narrow for
--                  times in milliseconds. The checks on typeof() promise the same.
--   WITHOUT ROWID  pays for rows below a twentieth of a page. An envelope is larger, and each index would carry the
--                  32-byte key in place of a small rowid.
--
-- Set "PRAGMA journal_mode = WAL" on the database once, so that readers do not wait for the writer.

CREATE TABLE holdfast_session (
  -- SHA-256 of the session id. A thief of this table cannot present it as a cookie.
  storage_key         BLOB   NOT NULL PRIMARY KEY,
  namespace           TEXT   NOT NULL,
  -- Keyed hash of the user id: lets a user's sessions be found without saying whose they are.
  user_key            BLOB,
  revision            BIGINT NOT NULL,
  -- Random per write. A statement whose answer was lost is repeated, and this tells whether it had run.
  write_id            BLOB   NOT NULL,
  -- Ciphertext; emptied when the session is revoked, so that nothing is left to decrypt.
  envelope            BLOB   NOT NULL,
  key_id              BLOB   NOT NULL,
  -- Milliseconds since the epoch: SQLite has no type for times, and adapters disagree on their text.
  created_at          BIGINT NOT NULL,
  last_seen_at        BIGINT NOT NULL,
  -- Milliseconds of inactivity that end the session. A touch moves idle_expires_at by it.
  idle_lifetime       BIGINT NOT NULL,
  idle_expires_at     BIGINT NOT NULL,
  absolute_expires_at BIGINT NOT NULL,
  revoked_at          BIGINT,
  -- When the primary tier missed a change of this row: the work list that makes the tiers agree again.
  dirty_at            BIGINT,
  -- When the session last got a new id.
  rotated_at          BIGINT,
  -- The storage keys it had before, one after the other: a logout that raced a login still finds its session.
  previous_keys       BLOB   NOT NULL DEFAULT x'',

  -- The library never breaks these. They are for the night when somebody repairs rows by hand, and because SQLite
  -- would otherwise take text for a blob and 'soon' for a number.
  CONSTRAINT holdfast_session_storage_key_check   CHECK (typeof(storage_key) = 'blob' AND length(storage_key) = 32),
  CONSTRAINT holdfast_session_namespace_check     CHECK (typeof(namespace) = 'text' AND length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_user_key_check      CHECK (user_key IS NULL
                                                         OR (typeof(user_key) = 'blob' AND length(user_key) = 32)),
  CONSTRAINT holdfast_session_revision_check      CHECK (typeof(revision) = 'integer' AND revision > 0),
  CONSTRAINT holdfast_session_write_id_check      CHECK (typeof(write_id) = 'blob' AND length(write_id) = 16),
  CONSTRAINT holdfast_session_envelope_check      CHECK (typeof(envelope) = 'blob'
                                                         AND (length(envelope) > 0 OR revoked_at IS NOT NULL)),
  CONSTRAINT holdfast_session_key_id_check        CHECK (typeof(key_id) = 'blob' AND length(key_id) = 8),
  CONSTRAINT holdfast_session_times_check         CHECK (typeof(created_at) = 'integer'
                                                         AND typeof(last_seen_at) = 'integer'
                                                         AND typeof(idle_lifetime) = 'integer' AND idle_lifetime > 0
                                                         AND typeof(idle_expires_at) = 'integer'
                                                         AND typeof(absolute_expires_at) = 'integer'
                                                         AND typeof(revoked_at) IN ('integer', 'null')
                                                         AND typeof(dirty_at) IN ('integer', 'null')
                                                         AND typeof(rotated_at) IN ('integer', 'null')),
  CONSTRAINT holdfast_session_previous_keys_check CHECK (typeof(previous_keys) = 'blob'
                                                         AND length(previous_keys) % 32 = 0
                                                         AND length(previous_keys) <= 256)
);

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
  namespace   TEXT   NOT NULL PRIMARY KEY,
  version     BIGINT NOT NULL,
  -- Tells two rings of one version apart, as two operators make them who both start from the same ring.
  fingerprint BLOB   NOT NULL,
  -- One node at a time deletes the rows of sessions that ended long ago. Random, names one pass over them; null before the first.
  sweep_pass  BLOB,
  -- Milliseconds since the epoch, by the clock of the machine that has the file: no other pass begins before. A node that
  -- dies is relieved then.
  sweep_until BIGINT,
  -- The masters of the primary tier that count, as the nodes agreed. Names and hashes, no address.
  masters     TEXT,

  -- The library never breaks these. They are for the night when somebody repairs rows by hand, and because SQLite
  -- would otherwise take text for a blob and 'soon' for a number.
  CONSTRAINT holdfast_session_ring_namespace_check   CHECK (typeof(namespace) = 'text' AND length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_ring_version_check     CHECK (typeof(version) = 'integer' AND version > 0),
  CONSTRAINT holdfast_session_ring_fingerprint_check CHECK (typeof(fingerprint) = 'blob' AND length(fingerprint) = 32),
  CONSTRAINT holdfast_session_ring_sweep_pass_check  CHECK (sweep_pass IS NULL
                                                            OR (typeof(sweep_pass) = 'blob' AND length(sweep_pass) = 16)),
  CONSTRAINT holdfast_session_ring_sweep_until_check CHECK (typeof(sweep_until) IN ('integer', 'null')),
  CONSTRAINT holdfast_session_ring_masters_check     CHECK (typeof(masters) IN ('text', 'null'))
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
  -- Counts its heartbeats: one that comes late changes nothing.
  beat            BIGINT NOT NULL DEFAULT 0,
  -- The masters of the primary tier that the node is connected to.
  masters         TEXT   NOT NULL DEFAULT '',

  PRIMARY KEY (namespace, node_id),

  CONSTRAINT holdfast_session_node_namespace_check    CHECK (typeof(namespace) = 'text' AND length(namespace) BETWEEN 1 AND 64),
  CONSTRAINT holdfast_session_node_node_id_check      CHECK (typeof(node_id) = 'blob' AND length(node_id) = 16),
  CONSTRAINT holdfast_session_node_ring_version_check CHECK (typeof(ring_version) = 'integer' AND ring_version > 0),
  CONSTRAINT holdfast_session_node_times_check        CHECK (typeof(seen_at) = 'integer'
                                                             AND typeof(acknowledged_at) = 'integer'),
  CONSTRAINT holdfast_session_node_report_check       CHECK (typeof(beat) = 'integer' AND typeof(masters) = 'text')
);
