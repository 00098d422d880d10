-- Which node deletes the rows of sessions that ended long ago, for MariaDB 10.6 or MySQL 8.0.16, or later: one at a time, so
-- that a fleet does not do the same work many times over. Beside the ring, because that table has one row for each namespace.

ALTER TABLE holdfast_session_ring
  -- Random, names one pass over the sessions; null before the first one.
  ADD COLUMN sweep_pass  BINARY(16),
  -- Milliseconds since the epoch, by this server's clock: no other pass begins before. A node that dies is relieved then.
  ADD COLUMN sweep_until BIGINT;
