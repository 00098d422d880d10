-- Which node deletes the rows of sessions that ended long ago, for SQLite 3.35 or later: one at a time, so that a fleet does
-- not do the same work many times over. Beside the ring, because that table has one row for each namespace.

-- Random, names one pass over the sessions; null before the first one.
ALTER TABLE holdfast_session_ring ADD COLUMN sweep_pass BLOB
  CONSTRAINT holdfast_session_ring_sweep_pass_check CHECK (sweep_pass IS NULL OR (typeof(sweep_pass) = 'blob' AND length(sweep_pass) = 16));
-- Milliseconds since the epoch, by the clock of the machine that has the file: no other pass begins before. A node that
-- dies is relieved then.
ALTER TABLE holdfast_session_ring ADD COLUMN sweep_until BIGINT
  CONSTRAINT holdfast_session_ring_sweep_until_check CHECK (sweep_until IS NULL OR typeof(sweep_until) = 'integer');
