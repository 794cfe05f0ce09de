-- 0002_status_times: the event of a status that comes with completed_at happened
-- then, and not when the row was written. No row changes.
--
-- Template: schema_orchestrator 1.2.0, rendered by adw-scaffold.
-- Needs:    SQLite 3.31 or later with its JSON functions.
-- Update:   npx adw-scaffold update

DROP TRIGGER agents_status_event;

CREATE TRIGGER agents_status_event AFTER UPDATE OF status ON agents
WHEN NEW.status IS NOT OLD.status
BEGIN
  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT
    'agent_status_changed',
    NEW.id,
    NEW.session_id,
    'Agent ' || coalesce(json_extract(run.config, '$.name'), kind.name, NEW.id) || ': ' || coalesce(NEW.status, 'no status'),
    json_patch('{}', json_object(
      'status', NEW.status,
      'previous_status', OLD.status,
      'name', coalesce(json_extract(run.config, '$.name'), kind.name),
      'parent_agent_id', NEW.parent_agent_id,
      'session_id', NEW.session_id,
      'cost_usd', CASE WHEN typeof(NEW.cost_usd) <> 'blob' THEN NEW.cost_usd END,
      'error_message', CAST(NEW.error_message AS TEXT),
      'adw_id', json_extract(run.config, '$.adw_id'),
      'adw_step', json_extract(run.config, '$.adw_step')
    )),
    coalesce(
      CASE WHEN NEW.completed_at IS NOT OLD.completed_at THEN strftime('%Y-%m-%dT%H:%M:%fZ', NEW.completed_at) END,
      strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    ),
    'state_change',
    CASE NEW.status WHEN 'failed' THEN 'error' WHEN 'cancelled' THEN 'warning' ELSE 'info' END
  FROM (
    SELECT CASE WHEN json_valid(NEW.config) THEN NEW.config ELSE '{}' END AS config
  ) AS run
  LEFT JOIN orchestrator_agents AS kind ON kind.id = NEW.orchestrator_agent_id;
END;
