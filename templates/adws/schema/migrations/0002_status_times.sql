-- 0002_status_times: the event of a status that comes with completed_at happened
-- then, and not when the row was written. No row changes.
--
-- Template: schema_orchestrator 1.3.0, rendered by adw-scaffold.
-- Needs:    SQLite 3.31 or later with its JSON functions.
-- Update:   npx adw-scaffold update

DROP TRIGGER agents_status_event;
