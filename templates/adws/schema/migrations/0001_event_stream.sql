-- 0001_event_stream: from the five tables of the older generation, whose CHECKs
-- refuse newer log types and lower-case levels and which have no stream, to the
-- current ones. All rows are kept; levels become lower case. Rows from before
-- make no events: the stream starts here.
--
-- Runs in one transaction, with foreign_keys = OFF (dropping a table must not
-- cascade) and legacy_alter_table = ON (a renamed table must not take the
-- references to it along). Where a released file leads is never changed: a later
-- change is a later file, which changes tables and drops what it replaces.
--
-- Template: schema_orchestrator 1.3.0, rendered by adw-scaffold.
-- Needs:    SQLite 3.31 or later with its JSON functions.
-- Update:   npx adw-scaffold update

ALTER TABLE orchestrator_agents RENAME TO orchestrator_agents_before_0001;
ALTER TABLE agents RENAME TO agents_before_0001;
ALTER TABLE prompts RENAME TO prompts_before_0001;
ALTER TABLE agent_logs RENAME TO agent_logs_before_0001;
ALTER TABLE system_logs RENAME TO system_logs_before_0001;

-- As in the sqlite3 program: the text of that file stands here.
.read ../schema_orchestrator.sql

-- They are made again when the rows are in.
DROP TRIGGER agents_created_event;
DROP TRIGGER prompts_sent_event;
DROP TRIGGER agent_logs_event;
DROP TRIGGER system_logs_event;

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
