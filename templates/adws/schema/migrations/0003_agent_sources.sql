-- 0003_agent_sources: agents and their events name a project and a source, and
-- an agent may be idle.
--
-- Template: schema_orchestrator 1.3.0, rendered by adw-scaffold.
-- Needs:    SQLite 3.35 or later with its JSON functions.
-- Update:   npx adw-scaffold update

-- They are made again, from schema_orchestrator.sql, when the tables are right.
DROP TRIGGER IF EXISTS agents_created_event;
DROP TRIGGER IF EXISTS agents_status_event;
DROP TRIGGER IF EXISTS agent_logs_event;
DROP TRIGGER IF EXISTS prompts_sent_event;
DROP TRIGGER IF EXISTS prompts_completed_event;
DROP VIEW IF EXISTS prompt_completed_events;

ALTER TABLE event_stream DROP COLUMN json;
ALTER TABLE event_stream ADD COLUMN project TEXT;
ALTER TABLE event_stream ADD COLUMN source TEXT;
ALTER TABLE event_stream ADD COLUMN json TEXT GENERATED ALWAYS AS (
    '{"seq":' || seq
    || ',"event_type":' || json_quote(event_type)
    || ',"agent_id":' || json_quote(agent_id)
    || ',"message":' || json_quote(message)
    || ',"metadata":' || metadata
    || ',"timestamp":' || json_quote(timestamp)
    || ',"log_type":' || json_quote(log_type)
    || ',"log_level":' || json_quote(log_level)
    || CASE WHEN session_id IS NULL THEN '' ELSE ',"session_id":' || json_quote(session_id) END
    || CASE WHEN project IS NULL THEN '' ELSE ',"project":' || json_quote(project) END
    || CASE WHEN source IS NULL THEN '' ELSE ',"source":' || json_quote(source) END
    || '}'
  ) VIRTUAL;

-- A CHECK changes only with its table.
ALTER TABLE agents RENAME TO agents_before_0003;
CREATE TABLE agents (
  id TEXT PRIMARY KEY NOT NULL,
  orchestrator_agent_id TEXT NOT NULL REFERENCES orchestrator_agents (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL,
  parent_agent_id TEXT REFERENCES agents (id) ON DELETE SET NULL,
  status TEXT DEFAULT 'initializing' CHECK (status IN ('initializing', 'planning', 'executing', 'reviewing', 'idle', 'completed', 'failed', 'cancelled')),
  context TEXT,
  config TEXT, -- JSON object: name, model, adw_id and adw_step reach the events
  started_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  completed_at TEXT,
  cost_usd REAL DEFAULT 0,
  error_message TEXT,
  project TEXT, -- a short name; reaches the events, as source does
  source TEXT -- what told of it: adw, claude-code, codex, ...
);
INSERT INTO agents (id, orchestrator_agent_id, session_id, parent_agent_id, status, context, config, started_at, completed_at, cost_usd, error_message)
SELECT id, orchestrator_agent_id, session_id, parent_agent_id, status, context, config, started_at, completed_at, cost_usd, error_message
FROM agents_before_0003;
DROP TABLE agents_before_0003;
