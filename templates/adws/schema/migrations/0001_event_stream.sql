-- 0001_event_stream: from the five tables of the older generation, whose CHECKs
-- refuse newer log types and lower-case levels and which have no stream, to the
-- current ones. All rows are kept; levels become lower case. Rows from before
-- make no events: the stream starts here.
--
-- Runs in one transaction, with foreign_keys = OFF (dropping a table must not
-- cascade) and legacy_alter_table = ON (a renamed table must not take the
-- references to it along). What has been released is never edited: a later
-- change is a later file.
--
-- Template: schema_orchestrator 1.2.0, rendered by adw-scaffold.
-- Needs:    SQLite 3.31 or later with its JSON functions.
-- Update:   npx adw-scaffold update

ALTER TABLE orchestrator_agents RENAME TO orchestrator_agents_before_0001;
ALTER TABLE agents RENAME TO agents_before_0001;
ALTER TABLE prompts RENAME TO prompts_before_0001;
ALTER TABLE agent_logs RENAME TO agent_logs_before_0001;
ALTER TABLE system_logs RENAME TO system_logs_before_0001;

-- ---------------------------------------------------------------- the facts

-- Kinds of agents: what can be started.
CREATE TABLE orchestrator_agents (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  agent_type TEXT NOT NULL CHECK (agent_type IN ('planner', 'builder', 'reviewer', 'tester', 'orchestrator', 'utility')),
  capabilities TEXT, -- JSON array
  default_model TEXT,
  created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- Agents that run or ran. A subagent names its parent.
CREATE TABLE agents (
  id TEXT PRIMARY KEY NOT NULL,
  orchestrator_agent_id TEXT NOT NULL REFERENCES orchestrator_agents (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL,
  parent_agent_id TEXT REFERENCES agents (id) ON DELETE SET NULL,
  status TEXT DEFAULT 'initializing' CHECK (status IN ('initializing', 'planning', 'executing', 'reviewing', 'completed', 'failed', 'cancelled')),
  context TEXT,
  config TEXT, -- JSON object: name, model, adw_id and adw_step reach the events
  started_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  completed_at TEXT,
  cost_usd REAL DEFAULT 0,
  error_message TEXT
);

-- What was said to an agent, and what came back.
CREATE TABLE prompts (
  id TEXT PRIMARY KEY NOT NULL,
  agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  prompt_type TEXT NOT NULL CHECK (prompt_type IN ('adw', 'command', 'followup', 'correction', 'tool_call')),
  prompt_name TEXT,
  prompt_text TEXT NOT NULL,
  response_text TEXT,
  status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'streaming', 'completed', 'failed', 'cancelled')),
  model_used TEXT,
  tokens_input INTEGER,
  tokens_output INTEGER,
  cost_usd REAL,
  latency_ms INTEGER,
  created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  completed_at TEXT,
  error_message TEXT
);

-- What an agent did. NOCASE: levels are accepted in upper case and stored in
-- lower case.
CREATE TABLE agent_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  log_level TEXT DEFAULT 'info' COLLATE NOCASE CHECK (log_level IN ('debug', 'info', 'warning', 'error', 'critical')),
  log_type TEXT NOT NULL CHECK (log_type IN ('step_start', 'step_end', 'event', 'error', 'state_change', 'milestone', 'performance', 'tool_call', 'cost_update')),
  message TEXT NOT NULL,
  details TEXT, -- JSON object; its event_type names the event
  created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- What the tools around the agents did.
CREATE TABLE system_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  log_level TEXT DEFAULT 'info' COLLATE NOCASE CHECK (log_level IN ('debug', 'info', 'warning', 'error', 'critical')),
  component TEXT NOT NULL,
  message TEXT NOT NULL,
  details TEXT, -- JSON object; its event_type names the event
  created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- --------------------------------------------------------------- the stream

-- One row an event. SQLite has one writer at a time and AUTOINCREMENT never
-- gives a number twice, so seq grows in commit order and has no gaps: a rolled
-- back transaction gives its numbers back. json is the event as it is sent.
CREATE TABLE event_stream (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_type TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  session_id TEXT,
  message TEXT NOT NULL,
  metadata TEXT NOT NULL, -- JSON object
  timestamp TEXT NOT NULL, -- ISO 8601, UTC, milliseconds
  log_type TEXT NOT NULL,
  log_level TEXT NOT NULL,
  json TEXT GENERATED ALWAYS AS (
    '{"seq":' || seq
    || ',"event_type":' || json_quote(event_type)
    || ',"agent_id":' || json_quote(agent_id)
    || ',"message":' || json_quote(message)
    || ',"metadata":' || metadata
    || ',"timestamp":' || json_quote(timestamp)
    || ',"log_type":' || json_quote(log_type)
    || ',"log_level":' || json_quote(log_level)
    || CASE WHEN session_id IS NULL THEN '' ELSE ',"session_id":' || json_quote(session_id) END
    || '}'
  ) VIRTUAL
);

-- Who numbers the events: a client's seq means something only within one stream.
CREATE TABLE event_stream_info (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  stream_id TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- Which numbered files this database has been through.
CREATE TABLE schema_migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- ----------------------------------------------------------------- the rows

INSERT INTO orchestrator_agents (id, name, description, agent_type, capabilities, default_model, created_at, updated_at)
SELECT id, name, description, agent_type, capabilities, default_model, created_at, updated_at
FROM orchestrator_agents_before_0001;

INSERT INTO agents (id, orchestrator_agent_id, session_id, parent_agent_id, status, context, config, started_at, completed_at, cost_usd, error_message)
SELECT id, orchestrator_agent_id, session_id, parent_agent_id, status, context, config, started_at, completed_at, cost_usd, error_message
FROM agents_before_0001;

INSERT INTO prompts (id, agent_id, prompt_type, prompt_name, prompt_text, response_text, status, model_used, tokens_input, tokens_output, cost_usd, latency_ms, created_at, completed_at, error_message)
SELECT id, agent_id, prompt_type, prompt_name, prompt_text, response_text, status, model_used, tokens_input, tokens_output, cost_usd, latency_ms, created_at, completed_at, error_message
FROM prompts_before_0001;

INSERT INTO agent_logs (id, agent_id, log_level, log_type, message, details, created_at)
SELECT id, agent_id, lower(coalesce(log_level, 'info')), log_type, message, details, created_at
FROM agent_logs_before_0001;

INSERT INTO system_logs (id, log_level, component, message, details, created_at)
SELECT id, lower(coalesce(log_level, 'info')), component, message, details, created_at
FROM system_logs_before_0001;

-- An id that was once given out is not given out again.
DELETE FROM sqlite_sequence WHERE name IN ('agent_logs', 'system_logs');
INSERT INTO sqlite_sequence (name, seq)
SELECT replace(name, '_before_0001', ''), seq
FROM sqlite_sequence
WHERE name IN ('agent_logs_before_0001', 'system_logs_before_0001');

DROP TABLE system_logs_before_0001;
DROP TABLE agent_logs_before_0001;
DROP TABLE prompts_before_0001;
DROP TABLE agents_before_0001;
DROP TABLE orchestrator_agents_before_0001;

-- ------------------------------------------------------------------ indexes

CREATE INDEX idx_agents_session_id ON agents (session_id);
CREATE INDEX idx_agents_orchestrator_agent_id ON agents (orchestrator_agent_id);
CREATE INDEX idx_agents_parent_agent_id ON agents (parent_agent_id);
CREATE INDEX idx_prompts_agent_id ON prompts (agent_id);
CREATE INDEX idx_prompts_status ON prompts (status);
CREATE INDEX idx_agent_logs_agent_id ON agent_logs (agent_id);
CREATE INDEX idx_system_logs_log_level ON system_logs (log_level);

-- ------------------------------------------------- triggers on the facts

CREATE TRIGGER orchestrator_agents_updated_at AFTER UPDATE ON orchestrator_agents
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
  UPDATE orchestrator_agents SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER agent_logs_normalise_level AFTER INSERT ON agent_logs
WHEN NEW.log_level IS NULL OR NEW.log_level <> lower(NEW.log_level) COLLATE BINARY
BEGIN
  UPDATE agent_logs SET log_level = lower(coalesce(NEW.log_level, 'info')) WHERE id = NEW.id;
END;

CREATE TRIGGER system_logs_normalise_level AFTER INSERT ON system_logs
WHEN NEW.log_level IS NULL OR NEW.log_level <> lower(NEW.log_level) COLLATE BINARY
BEGIN
  UPDATE system_logs SET log_level = lower(coalesce(NEW.log_level, 'info')) WHERE id = NEW.id;
END;

-- ------------------------------------- triggers that turn facts into events
--
-- They must not fail whatever a row holds, or the fact itself would be refused:
-- details that are no JSON become {"text": ...}, and no object {"value": ...};
-- a time that cannot be read becomes now; a missing agent leaves its fields out.

CREATE TRIGGER agent_logs_event AFTER INSERT ON agent_logs
BEGIN
  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT
    CASE json_type(log.metadata, '$.event_type') WHEN 'text' THEN json_extract(log.metadata, '$.event_type') ELSE NEW.log_type END,
    NEW.agent_id,
    agent.session_id,
    CAST(NEW.message AS TEXT),
    CASE
      WHEN agent.parent_agent_id IS NULL AND json_type(log.metadata, '$.event_type') IS NOT 'text' THEN log.metadata
      WHEN agent.parent_agent_id IS NULL THEN json_remove(log.metadata, '$.event_type')
      WHEN json_type(log.metadata, '$.event_type') IS NOT 'text' THEN json_insert(log.metadata, '$.parent_agent_id', agent.parent_agent_id)
      ELSE json_insert(json_remove(log.metadata, '$.event_type'), '$.parent_agent_id', agent.parent_agent_id)
    END,
    coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', NEW.created_at), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    NEW.log_type,
    lower(coalesce(NEW.log_level, 'info'))
  FROM (
    SELECT CASE
      WHEN NEW.details IS NULL THEN '{}'
      WHEN NOT json_valid(CAST(NEW.details AS TEXT)) THEN json_object('text', CAST(NEW.details AS TEXT))
      WHEN json_type(CAST(NEW.details AS TEXT)) = 'null' THEN '{}'
      WHEN json_type(CAST(NEW.details AS TEXT)) = 'object' THEN CAST(NEW.details AS TEXT)
      ELSE json_object('value', json(CAST(NEW.details AS TEXT)))
    END AS metadata
  ) AS log
  LEFT JOIN agents AS agent ON agent.id = NEW.agent_id;
END;

CREATE TRIGGER system_logs_event AFTER INSERT ON system_logs
BEGIN
  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT
    CASE json_type(log.metadata, '$.event_type') WHEN 'text' THEN json_extract(log.metadata, '$.event_type') ELSE 'system_event' END,
    'system',
    CASE json_type(log.metadata, '$.session_id') WHEN 'text' THEN json_extract(log.metadata, '$.session_id') END,
    CAST(NEW.message AS TEXT),
    json_set(
      CASE json_type(log.metadata, '$.event_type') WHEN 'text' THEN json_remove(log.metadata, '$.event_type') ELSE log.metadata END,
      '$.component',
      CAST(NEW.component AS TEXT)
    ),
    coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', NEW.created_at), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    'event',
    lower(coalesce(NEW.log_level, 'info'))
  FROM (
    SELECT CASE
      WHEN NEW.details IS NULL THEN '{}'
      WHEN NOT json_valid(CAST(NEW.details AS TEXT)) THEN json_object('text', CAST(NEW.details AS TEXT))
      WHEN json_type(CAST(NEW.details AS TEXT)) = 'null' THEN '{}'
      WHEN json_type(CAST(NEW.details AS TEXT)) = 'object' THEN CAST(NEW.details AS TEXT)
      ELSE json_object('value', json(CAST(NEW.details AS TEXT)))
    END AS metadata
  ) AS log;
END;

CREATE TRIGGER agents_created_event AFTER INSERT ON agents
BEGIN
  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT
    'agent_created',
    NEW.id,
    NEW.session_id,
    'Agent ' || coalesce(json_extract(run.config, '$.name'), kind.name, NEW.id) || ' created',
    json_patch('{}', json_object( -- json_patch leaves out what is null
      'name', coalesce(json_extract(run.config, '$.name'), kind.name),
      'agent_type', kind.agent_type,
      'model', coalesce(json_extract(run.config, '$.model'), kind.default_model),
      'parent_agent_id', NEW.parent_agent_id,
      'orchestrator_agent_id', NEW.orchestrator_agent_id,
      'session_id', NEW.session_id,
      'status', NEW.status,
      'adw_id', json_extract(run.config, '$.adw_id'),
      'adw_step', json_extract(run.config, '$.adw_step')
    )),
    coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', NEW.started_at), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    'state_change',
    'info'
  FROM (
    SELECT CASE WHEN json_valid(NEW.config) THEN NEW.config ELSE '{}' END AS config
  ) AS run
  LEFT JOIN orchestrator_agents AS kind ON kind.id = NEW.orchestrator_agent_id;
END;

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
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    'state_change',
    CASE NEW.status WHEN 'failed' THEN 'error' WHEN 'cancelled' THEN 'warning' ELSE 'info' END
  FROM (
    SELECT CASE WHEN json_valid(NEW.config) THEN NEW.config ELSE '{}' END AS config
  ) AS run
  LEFT JOIN orchestrator_agents AS kind ON kind.id = NEW.orchestrator_agent_id;
END;

-- What the event of a finished prompt says. A prompt may be written once, when
-- it is over: then the same row makes both events, in this order.
CREATE VIEW prompt_completed_events AS
SELECT
  prompt.id AS prompt_id,
  'prompt_completed' AS event_type,
  prompt.agent_id AS agent_id,
  agent.session_id AS session_id,
  'Prompt ' || prompt.status || ': ' || coalesce(CAST(prompt.prompt_name AS TEXT), prompt.prompt_type) AS message,
  json_patch('{}', json_object(
    'prompt_id', prompt.id,
    'status', prompt.status,
    'prompt_type', prompt.prompt_type,
    'prompt_name', CAST(prompt.prompt_name AS TEXT),
    'response_text', CAST(prompt.response_text AS TEXT),
    'model', CAST(prompt.model_used AS TEXT),
    'tokens_input', CASE WHEN typeof(prompt.tokens_input) <> 'blob' THEN prompt.tokens_input END,
    'tokens_output', CASE WHEN typeof(prompt.tokens_output) <> 'blob' THEN prompt.tokens_output END,
    'cost_usd', CASE WHEN typeof(prompt.cost_usd) <> 'blob' THEN prompt.cost_usd END,
    'latency_ms', CASE WHEN typeof(prompt.latency_ms) <> 'blob' THEN prompt.latency_ms END,
    'error_message', CAST(prompt.error_message AS TEXT),
    'parent_agent_id', agent.parent_agent_id
  )) AS metadata,
  coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', prompt.completed_at), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) AS timestamp,
  'event' AS log_type,
  CASE prompt.status WHEN 'failed' THEN 'error' WHEN 'cancelled' THEN 'warning' ELSE 'info' END AS log_level
FROM prompts AS prompt
LEFT JOIN agents AS agent ON agent.id = prompt.agent_id
WHERE prompt.status IN ('completed', 'failed', 'cancelled');

CREATE TRIGGER prompts_sent_event AFTER INSERT ON prompts
BEGIN
  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT
    'prompt_sent',
    NEW.agent_id,
    agent.session_id,
    'Prompt sent: ' || coalesce(CAST(NEW.prompt_name AS TEXT), NEW.prompt_type),
    json_patch('{}', json_object(
      'prompt_id', NEW.id,
      'prompt_type', NEW.prompt_type,
      'prompt_name', CAST(NEW.prompt_name AS TEXT),
      'prompt_text', CAST(NEW.prompt_text AS TEXT),
      'model', CAST(NEW.model_used AS TEXT),
      'parent_agent_id', agent.parent_agent_id
    )),
    coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', NEW.created_at), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    'event',
    'info'
  FROM (SELECT 1)
  LEFT JOIN agents AS agent ON agent.id = NEW.agent_id;

  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level
  FROM prompt_completed_events
  WHERE prompt_id = NEW.id;
END;

CREATE TRIGGER prompts_completed_event AFTER UPDATE OF status ON prompts
WHEN NEW.status IS NOT OLD.status
BEGIN
  INSERT INTO event_stream (event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level)
  SELECT event_type, agent_id, session_id, message, metadata, timestamp, log_type, log_level
  FROM prompt_completed_events
  WHERE prompt_id = NEW.id;
END;

-- ------------------------------------------------------------ the first row

INSERT INTO event_stream_info (id, stream_id) VALUES (1, lower(hex(randomblob(16))));
