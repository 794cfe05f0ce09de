/** What `init` offers in plain words, and the modules that it stands for. */
import type { ModuleName } from "./module-registry.ts";

export interface Preset {
  /** As it is asked for. */
  label: string;
  hint: string;
  modules: readonly ModuleName[];
}

/** What `init` installs where nothing else is said. */
export const DEFAULT_PRESET: Preset = {
  label: "Server and dashboard",
  hint: "agents log to a database; the page shows them live",
  modules: [
    "adw_websockets",
    "orch_database_models",
    "schema_orchestrator",
    "adw_database",
    "adw_logging",
    "adw_agents",
    "adw_dashboard",
    "adw_server",
  ],
};

/** `init --logging` */
export const LOGGING_PRESET: Preset = {
  label: "Logging only",
  hint: "agents log to a database; nothing is served",
  modules: ["adw_logging"],
};

/** `init --minimal` */
export const MINIMAL_PRESET: Preset = {
  label: "Event server only",
  hint: "your program sends events to WebSocket clients; no database",
  modules: ["adw_websockets"],
};

export const PRESETS: readonly Preset[] = [
  DEFAULT_PRESET,
  LOGGING_PRESET,
  MINIMAL_PRESET,
];
