/**
 * What the demo uses of a project's own modules. They are loaded when it runs, as
 * they stand in the project, edits included: nothing of them is known at build time.
 */
import { pathToFileURL } from "node:url";

/** One event as the project's server sends it. */
export interface StreamEvent {
  event_type: string;
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  /** ISO 8601, UTC, milliseconds. */
  timestamp: string;
  log_type: string;
  log_level: string;
}

/** `adw_logging` of the project. */
export interface LoggingModule {
  withLogging: <Result>(
    work: () => Promise<Result>,
    options?: { path?: string },
  ) => Promise<Result>;
  logAgentCreated: (run: object) => unknown;
  logAgentStatus: (id: string, status: string, changes: object) => void;
  logAgentEvent: (
    id: string,
    type: string,
    message: string,
    metadata: object,
    level: string,
  ) => void;
  logPromptSent: (prompt: object) => unknown;
  logPromptCompleted: (id: string, result: object) => void;
  logSystemEvent: (
    component: string,
    message: string,
    level: string,
    metadata: object,
  ) => void;
}

/** `adw_database` of the project. */
export interface DatabaseModule {
  openDatabase: () => {
    events: { streamId: string; lastSeq: number };
    close: () => unknown;
  };
}

/** A client of the event stream. */
export interface EventClient extends AsyncIterable<StreamEvent> {
  close: (reason?: string) => void;
}

/** `adw_websocket_client` of the project. */
export interface ClientModule {
  AdwWebSocketClient: new (options: {
    url: string;
    token?: string;
    since?: number;
    streamId?: string;
    WebSocket?: unknown;
    onStateChange?: (state: {
      status: string;
      reason?: string;
      streamId?: string | undefined;
    }) => void;
  }) => EventClient;
}

/** Loads a file of the project. @param file - absolute path */
export async function loadModule<Module>(file: string): Promise<Module> {
  const loaded: Module = await import(pathToFileURL(file).href);
  return loaded;
}
