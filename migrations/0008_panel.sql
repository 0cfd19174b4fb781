-- What the panel asks at every change: the newest telemetry of a task, and which commands changed lately. Extra indexes;
-- agent-conveyor 0.1.0 keeps them and needs none.

CREATE INDEX IF NOT EXISTS panel_telemetry_record ON telemetry_events (task_id);
CREATE INDEX IF NOT EXISTS panel_commands_updated ON commands (updated_at);
