-- What Codex itself reports of a session (its app-server's status events, hooks): the newest of each kind. Evidence only.
CREATE TABLE panel_signals (
  session_id TEXT NOT NULL REFERENCES sessions (id),
  source TEXT NOT NULL CHECK (source IN ('app_server', 'hook')),
  kind TEXT NOT NULL CHECK (kind IN ('turn_started', 'turn_ended', 'approval_requested', 'input_requested', 'model_failed')),
  at TEXT NOT NULL,
  PRIMARY KEY (session_id, source, kind)
) WITHOUT ROWID;

-- When the person last looked at what a session had to say, outside of every cycle.
CREATE TABLE panel_looks (
  session_id TEXT PRIMARY KEY REFERENCES sessions (id),
  looked_at TEXT NOT NULL
);
