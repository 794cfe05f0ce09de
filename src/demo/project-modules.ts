/**
 * What the demo uses of a project's own modules. They are loaded when it runs, as
 * they stand in the project, edits included: nothing of them is known at build time.
 */
import { pathToFileURL } from "node:url";

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

/** Loads a file of the project. @param file - absolute path */
export async function loadModule<Module>(file: string): Promise<Module> {
  const loaded: Module = await import(pathToFileURL(file).href);
  return loaded;
}
