-- What whole records of one task are read by, in the order of an audit and of its story, without sorting all of its rows
-- for each page. A row's number is the last part of every index. Extra indexes; agent-conveyor 0.1.0 keeps them and needs none.

CREATE INDEX IF NOT EXISTS panel_cycles_record ON manager_cycles (task_id);
CREATE INDEX IF NOT EXISTS panel_spans_record ON manager_cycle_spans (task_id, manager_cycle_id);
CREATE INDEX IF NOT EXISTS panel_decisions_record ON manager_decisions (task_id);
CREATE INDEX IF NOT EXISTS panel_captures_record ON terminal_captures (task_id);
CREATE INDEX IF NOT EXISTS panel_segments_record ON transcript_segments (task_id);
CREATE INDEX IF NOT EXISTS panel_segments_story ON transcript_segments (task_id, captured_at);
CREATE INDEX IF NOT EXISTS panel_events_actions ON events (task_id, created_at)
  WHERE type IN ('session_nudged', 'session_interrupted', 'session_answered');

-- What a list of commands shows and is asked for by, without what they carry.
CREATE INDEX IF NOT EXISTS panel_commands_listed ON commands (created_at, id, state, type, task_id, worker_id, manager_id);
