-- What the windows are asked to show: the terminal of one session, to be watched. A row can say nothing else.
CREATE TABLE panel_open_requests (
  id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  requested_at TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  expires_monotonic REAL NOT NULL,
  state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'taken', 'opened', 'refused', 'expired')),
  -- The window that took it, and why it showed nothing.
  taken_by TEXT,
  reason TEXT
);

CREATE INDEX panel_open_requests_asked ON panel_open_requests (state) WHERE state = 'asked';
