-- What pages of a long record are read by: a task's rows in the order of its story, and what happened since a time.
-- Extra indexes; agent-conveyor 0.1.0 keeps them and needs none. No function in them that an older SQLite lacks.

CREATE INDEX IF NOT EXISTS panel_cycles_task ON manager_cycles (task_id, state, started_at);
CREATE INDEX IF NOT EXISTS panel_cycles_story ON manager_cycles (task_id, coalesce(completed_at, started_at));
CREATE INDEX IF NOT EXISTS panel_cycles_started ON manager_cycles (started_at, state);
CREATE INDEX IF NOT EXISTS panel_spans_story ON manager_cycle_spans (task_id, completed_at);
CREATE INDEX IF NOT EXISTS panel_decisions_task ON manager_decisions (task_id, created_at, manager_cycle_id);
CREATE INDEX IF NOT EXISTS panel_notifications_story ON routed_notifications (task_id, coalesce(delivered_at, created_at));
CREATE INDEX IF NOT EXISTS panel_notifications_task ON routed_notifications (task_id, created_at, command_id);
CREATE INDEX IF NOT EXISTS panel_notifications_command ON routed_notifications (command_id) WHERE command_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS panel_commands_story ON commands (task_id, created_at, id);
CREATE INDEX IF NOT EXISTS panel_attempts_started ON command_attempts (started_at);
CREATE INDEX IF NOT EXISTS panel_events_criteria ON events (task_id, created_at)
  WHERE type IN ('acceptance_criterion_added', 'acceptance_criterion_updated');
CREATE INDEX IF NOT EXISTS panel_telemetry_time ON telemetry_events (timestamp);

-- How much text is kept, without a look at the text.
CREATE INDEX IF NOT EXISTS panel_screens_kept ON terminal_captures (task_id, role, length(CAST(content AS BLOB)))
  WHERE content IS NOT NULL;
CREATE INDEX IF NOT EXISTS panel_segments_kept ON transcript_segments (task_id, role, length(CAST(segment_text AS BLOB)))
  WHERE segment_text IS NOT NULL;
