-- What we add to the shared ledger. Everything is in panel_ tables, so that agent-conveyor 0.1.0 neither sees nor loses it.

-- Facts about a session that the shared table has no column for. A name that is registered again keeps its row in
-- `sessions` and starts a new incarnation here.
CREATE TABLE panel_sessions (
  session_id TEXT PRIMARY KEY REFERENCES sessions (id),
  incarnation INTEGER NOT NULL DEFAULT 1,
  kind TEXT NOT NULL DEFAULT 'codex' CHECK (kind IN ('codex', 'disposable')),
  registrations INTEGER NOT NULL DEFAULT 0,
  first_event_id INTEGER NOT NULL DEFAULT 0,
  tmux_socket TEXT,
  pane_id TEXT,
  process_start TEXT,
  boot_id TEXT,
  codex_version TEXT,
  registered_at TEXT NOT NULL
);

-- Identity of each rollout file that was read for a session, and how far. An offset is in the decompressed stream.
-- The anchor is the digest of the bytes right before the offset: a file that was rewritten under the same head starts
-- another generation. `registrations` is the session's count when the file was last read.
CREATE TABLE panel_rollouts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  path TEXT NOT NULL,
  head_sha256 TEXT NOT NULL,
  generation INTEGER NOT NULL DEFAULT 1,
  thread_id TEXT,
  ingested_offset INTEGER NOT NULL DEFAULT 0,
  anchor_sha256 TEXT,
  skipped_lines INTEGER NOT NULL DEFAULT 0,
  registrations INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (session_id, path, head_sha256, generation)
);

-- Which rollout and incarnation an event came from starts here: the first event of each stretch.
CREATE TABLE panel_event_ranges (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  rollout_id INTEGER NOT NULL REFERENCES panel_rollouts (id),
  incarnation INTEGER NOT NULL,
  first_event_id INTEGER NOT NULL
);
CREATE INDEX panel_event_ranges_session ON panel_event_ranges (session_id, first_event_id);

-- Where the history of a binding begins: events before this id belong to what the worker did before. So do lines that
-- stood in its rollout already but were not read yet; whoever reads them moves the beginning behind them.
CREATE TABLE panel_bindings (
  binding_id TEXT PRIMARY KEY REFERENCES bindings (id),
  worker_first_event_id INTEGER NOT NULL,
  unread_head_sha256 TEXT,
  unread_until INTEGER
);

-- What the supervisor saw of a session from outside every sandbox. One row each; `state_json` is the whole observation.
CREATE TABLE panel_observations (
  session_id TEXT PRIMARY KEY REFERENCES sessions (id),
  observed_at TEXT NOT NULL,
  observed_by TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  observed_monotonic INTEGER NOT NULL,
  alive INTEGER CHECK (alive IS NULL OR alive IN (0, 1)),
  state_json TEXT NOT NULL CHECK (json_valid(state_json))
);

-- Leadership and pane leases. The fence only grows; expiry is judged by boot id and monotonic time.
CREATE TABLE panel_leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid_namespace TEXT,
  pid INTEGER,
  acquired_at TEXT NOT NULL,
  renewed_monotonic INTEGER NOT NULL,
  expires_monotonic INTEGER NOT NULL,
  expires_at TEXT NOT NULL
);

-- The way of one message into one session, from queued to answered, with its proof.
CREATE TABLE panel_deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  command_id TEXT UNIQUE REFERENCES commands (id),
  notification_id INTEGER UNIQUE REFERENCES routed_notifications (id),
  state TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'typed', 'submitted', 'seen', 'answered', 'deferred', 'undelivered')),
  rung TEXT,
  reason TEXT,
  screen_class TEXT,
  text_sha256 TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  watermark_path TEXT,
  watermark_offset INTEGER,
  watermark_event_id INTEGER,
  seen_event_id INTEGER,
  queued_at TEXT NOT NULL,
  claimed_at TEXT,
  typed_at TEXT,
  submitted_at TEXT,
  seen_at TEXT,
  answered_at TEXT,
  updated_at TEXT NOT NULL
);
CREATE INDEX panel_deliveries_session ON panel_deliveries (session_id, id);

-- Back-off of items that cannot be delivered yet, so that they neither spin nor starve others.
CREATE TABLE panel_backoffs (
  item TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  retry_monotonic INTEGER NOT NULL,
  retry_at TEXT NOT NULL,
  reason TEXT NOT NULL
);

-- Grows with every write that somebody may be waiting for; lease renewals leave it alone.
CREATE TABLE panel_sequence (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value INTEGER NOT NULL
);
INSERT INTO panel_sequence (id, value) VALUES (1, 0);

-- Revisions and routing that the reference leaves to luck (CP-26): ours are unique, whoever wins the race.
CREATE INDEX panel_codex_events_completions ON codex_events (session_id, subtype, id) WHERE subtype = 'task_complete';

-- What begins, ends and interrupts turns: a few rows among many, for states and timelines.
CREATE INDEX panel_codex_events_turns ON codex_events (session_id, id) WHERE type = 'event_msg'
  AND subtype IN ('task_started', 'task_complete', 'turn_aborted', 'user_message', 'item_completed', 'error');
