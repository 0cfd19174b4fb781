-- The last sign of life of a dispatcher, whatever its clock said, among a year of them. agent-conveyor 0.1.0 keeps it.

CREATE INDEX IF NOT EXISTS panel_heartbeats ON telemetry_events (event_type) WHERE event_type = 'dispatch_watch_heartbeat';

-- The newest messages of a task, and how many of them were read.
CREATE INDEX IF NOT EXISTS panel_notifications_record ON routed_notifications (task_id);
