/**
 * The one list of modules. Adding a module is one entry here and one template
 * per file under `templates/`; the commands, the plan, the lock, the API and the
 * tests all read this list.
 */
import { DASHBOARD_SOURCE_FILES } from "../generated/dashboard-source.ts";
import { UsageError } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import type { AdwConfig } from "./config.ts";
import type { TemplatePath } from "./paths.ts";

/** npm package name to version range. */
export type Dependencies = Readonly<Record<string, string>>;

/** Dependencies that are needed only under one value of one config key. */
export interface ConditionalDependencies {
  when: { key: keyof AdwConfig; value: string };
  dependencies?: Dependencies;
  devDependencies?: Dependencies;
}

/** The template of a file under one value of one config key, instead of the file's own. */
export interface ConditionalTemplate {
  when: { key: keyof AdwConfig; value: string };
  file: TemplatePath;
  /** Named as a file beside it; it never lands in a project under this name. */
  template: TemplatePath;
}

export interface ConditionalFlags {
  when: { key: keyof AdwConfig; value: string };
  flags: readonly string[];
}

export interface ModuleDefinition {
  name: string;
  /** Version of the templates: it changes when a rendered file changes. */
  version: string;
  /** One line for `list`. */
  summary: string;
  /**
   * Target files, relative to the project, with `adws/` standing for
   * `adws_dir`. The template of `adws/x.ts` is `templates/adws/x.ts`, or
   * `templates/adws/x.ts.njk` where it has tags.
   */
  files: readonly TemplatePath[];
  conditionalTemplates?: readonly ConditionalTemplate[];
  /**
   * Files that had another name in an earlier version: new name to old name. An
   * update moves the owner's file along, edits included.
   */
  renamedFiles?: Readonly<Partial<Record<TemplatePath, TemplatePath>>>;
  /**
   * Those of the files that a build makes and nobody edits: they are written as they
   * are, the lock keeps only their hash, and an update replaces them or, where they
   * were edited all the same, keeps them.
   */
  generatedFiles?: readonly TemplatePath[];
  /** Modules that must be installed too. */
  requires?: readonly string[];
  dependencies?: Dependencies;
  devDependencies?: Dependencies;
  conditionalDependencies?: readonly ConditionalDependencies[];
  /** Scripts for package.json: script name to the file, relative to `adws_dir`, that it runs. */
  scripts?: Readonly<Record<string, string>>;
  /** Options of the runner in those scripts, needed only under one value of one config key. */
  scriptFlags?: readonly ConditionalFlags[];
  /** Comes with every module and is not listed. */
  hidden?: boolean;
}

/**
 * Node 22 calls its SQLite experimental at every start: that was known when it was
 * chosen, and would hide the lines that matter.
 */
const WITHOUT_SQLITE_WARNING: ConditionalFlags = {
  when: { key: "sqlite_driver", value: "node:sqlite" },
  flags: ["--disable-warning=ExperimentalWarning"],
};

/** Every module that ships with this package. */
export const BUNDLED_MODULES = [
  {
    name: "adw_base",
    version: "1.3.0",
    summary: "What makes adws/ a folder of ES modules in any host project",
    hidden: true,
    files: [
      "adws/package.json",
      "adws/tsconfig.json",
      "adws/.gitignore",
      "adws/schema/adw.config.schema.json",
    ],
    devDependencies: { "@types/node": "^22.13.0" },
    conditionalDependencies: [
      {
        when: { key: "typescript_runner", value: "tsx" },
        devDependencies: { tsx: "^4.20.0" },
      },
    ],
  },
  {
    name: "adw_events",
    version: "1.3.0",
    summary: "The contract: event, filter, close codes, vocabulary",
    files: ["adws/adw_modules/adw_events.ts", "adws/adw_modules/adw_stderr.ts"],
  },
  {
    name: "adw_websockets",
    version: "1.3.0",
    summary: "WebSocket server that broadcasts agent events to live dashboards",
    files: [
      "adws/adw_modules/adw_websockets.ts",
      "adws/adw_modules/adw_websockets/access.ts",
      "adws/adw_modules/adw_websockets/catch_up.ts",
      "adws/adw_modules/adw_websockets/connection.ts",
      "adws/adw_modules/adw_websockets/events.ts",
      "adws/adw_modules/adw_websockets/fan_out.ts",
      "adws/adw_modules/adw_websockets/frames.ts",
      "adws/adw_modules/adw_websockets/history.ts",
      "adws/adw_modules/adw_websockets/keepalive.ts",
      "adws/adw_modules/adw_websockets/manager.ts",
      "adws/adw_modules/adw_websockets/options.ts",
      "adws/adw_modules/adw_websockets/server.ts",
    ],
    requires: ["adw_events"],
    dependencies: { ws: "^8.21.0" },
    devDependencies: { "@types/ws": "^8.18.0" },
  },
  {
    name: "adw_websocket_client",
    version: "1.3.0",
    summary: "Reconnecting, resuming client for Node and browsers",
    files: [
      "adws/adw_modules/adw_websocket_client.ts",
      "adws/adw_modules/adw_websocket_client/client.ts",
      "adws/adw_modules/adw_websocket_client/options.ts",
    ],
    requires: ["adw_events"],
  },
  {
    name: "orch_database_models",
    version: "1.3.0",
    summary: "zod schemas and types of the five tables and the event",
    files: ["adws/adw_modules/orch_database_models.ts"],
    requires: ["adw_events"],
    dependencies: { zod: "^4.0.0" },
  },
  {
    name: "schema_orchestrator",
    version: "1.3.0",
    summary: "SQL schema: five tables, the event stream, its triggers",
    files: [
      "adws/schema/schema_orchestrator.sql",
      "adws/schema/migrations/0001_event_stream.sql",
      "adws/schema/migrations/0002_status_times.sql",
      "adws/schema/migrations/0003_agent_sources.sql",
    ],
  },
  {
    name: "adw_database",
    version: "1.3.0",
    summary:
      "The database of agent runs: typed tables, migrations, event stream",
    files: [
      "adws/adw_modules/adw_database.ts",
      "adws/adw_modules/adw_database/connection.ts",
      "adws/adw_modules/adw_database/driver.ts",
      "adws/adw_modules/adw_database/event_stream.ts",
      "adws/adw_modules/adw_database/live.ts",
      "adws/adw_modules/adw_database/tables.ts",
      "adws/adw_modules/adw_database/watch.ts",
    ],
    conditionalTemplates: [
      {
        when: { key: "sqlite_driver", value: "better-sqlite3" },
        file: "adws/adw_modules/adw_database/driver.ts",
        template: "adws/adw_modules/adw_database/driver.better_sqlite3.ts",
      },
    ],
    renamedFiles: {
      "adws/adw_modules/adw_database/connection.ts":
        "adws/adw_modules/adw_sqlite.ts",
      "adws/adw_modules/adw_database/event_stream.ts":
        "adws/adw_modules/adw_event_stream.ts",
      "adws/adw_modules/adw_database/live.ts":
        "adws/adw_modules/adw_live_database.ts",
      "adws/adw_modules/adw_database/tables.ts":
        "adws/adw_modules/adw_table.ts",
      "adws/adw_modules/adw_database/watch.ts":
        "adws/adw_modules/adw_watched_file.ts",
    },
    requires: ["adw_events", "orch_database_models", "schema_orchestrator"],
    dependencies: { zod: "^4.0.0" },
    conditionalDependencies: [
      {
        when: { key: "sqlite_driver", value: "better-sqlite3" },
        dependencies: { "better-sqlite3": "^12.0.0" },
        devDependencies: { "@types/better-sqlite3": "^9.6.0" },
      },
    ],
  },
  {
    name: "adw_logging",
    version: "1.3.0",
    summary: "What workflows log: steps, agent events, prompts; never blocks",
    files: [
      "adws/adw_modules/adw_logging.ts",
      "adws/adw_modules/adw_logging/queue.ts",
      "adws/adw_modules/adw_logging/storage.ts",
      "adws/adw_modules/adw_logging/thread.ts",
      "adws/adw_modules/adw_logging/values.ts",
      "adws/adw_modules/adw_logging/writer.ts",
    ],
    renamedFiles: {
      "adws/adw_modules/adw_logging/storage.ts":
        "adws/adw_modules/adw_logging/rows.ts",
      "adws/adw_modules/adw_logging/writer.ts":
        "adws/adw_modules/adw_log_writer.ts",
    },
    requires: ["adw_database"],
  },
  {
    name: "adw_mask",
    version: "1.3.0",
    summary: "Masks secrets in texts and values",
    files: ["adws/adw_modules/adw_mask.ts"],
  },
  {
    name: "adw_agents",
    version: "1.3.0",
    summary:
      "What coding agents say of themselves: hooks, telemetry, transcripts",
    files: [
      "adws/adw_modules/adw_agents.ts",
      "adws/adw_modules/adw_agents/act.ts",
      "adws/adw_modules/adw_agents/agents.ts",
      "adws/adw_modules/adw_agents/api_events.ts",
      "adws/adw_modules/adw_agents/beside.ts",
      "adws/adw_modules/adw_agents/calls.ts",
      "adws/adw_modules/adw_agents/claude.ts",
      "adws/adw_modules/adw_agents/claude_lines.ts",
      "adws/adw_modules/adw_agents/codex.ts",
      "adws/adw_modules/adw_agents/cost.ts",
      "adws/adw_modules/adw_agents/cursor.ts",
      "adws/adw_modules/adw_agents/doors.ts",
      "adws/adw_modules/adw_agents/gemini.ts",
      "adws/adw_modules/adw_agents/joiner.ts",
      "adws/adw_modules/adw_agents/ledger.ts",
      "adws/adw_modules/adw_agents/liveness.ts",
      "adws/adw_modules/adw_agents/lock.ts",
      "adws/adw_modules/adw_agents/opencode.ts",
      "adws/adw_modules/adw_agents/opencode_database.ts",
      "adws/adw_modules/adw_agents/otel.ts",
      "adws/adw_modules/adw_agents/otlp_proto.ts",
      "adws/adw_modules/adw_agents/service.ts",
      "adws/adw_modules/adw_agents/sessions.ts",
      "adws/adw_modules/adw_agents/sources.ts",
      "adws/adw_modules/adw_agents/spool.ts",
      "adws/adw_modules/adw_agents/store.ts",
      "adws/adw_modules/adw_agents/thread.ts",
      "adws/adw_modules/adw_agents/transcripts.ts",
      "adws/adw_modules/adw_agents/turns.ts",
      "adws/adw_modules/adw_agents/usage.ts",
      "adws/prices.json",
    ],
    requires: ["adw_events", "adw_mask", "adw_logging"],
    dependencies: { protobufjs: "^8.8.0", zod: "^4.0.0" },
  },
  {
    name: "adw_dashboard",
    version: "1.3.0",
    summary: "Live dashboard of the fleet, on the server's own port",
    files: [
      "adws/adw_modules/adw_dashboard.ts",
      "adws/adw_modules/adw_dashboard/answers.ts",
      "adws/adw_modules/adw_dashboard/events_api.ts",
      "adws/adw_modules/adw_dashboard/metrics.ts",
      "adws/adw_dashboard/index.html",
    ],
    generatedFiles: ["adws/adw_dashboard/index.html"],
    requires: ["adw_websockets"],
  },
  {
    name: "adw_dashboard_source",
    version: "1.3.0",
    summary:
      "The dashboard's source, to change it: npm run adw:dashboard:build",
    files: [
      "adws/adw_dashboard_source/build.ts",
      "adws/adw_dashboard_source/tsconfig.json",
      ...DASHBOARD_SOURCE_FILES,
    ],
    requires: ["adw_dashboard", "adw_mask", "adw_websocket_client"],
    devDependencies: {
      "@preact/signals": "^2.11.0",
      esbuild: "^0.28.0",
      preact: "^11.2.0",
    },
    scripts: { "adw:dashboard:build": "adw_dashboard_source/build.ts" },
  },
  {
    name: "adw_server",
    version: "1.3.0",
    summary: "The server to start: npm run adw:server",
    files: ["adws/adw_server.ts", "adws/adw_server/token.ts"],
    requires: ["adw_websockets", "adw_database", "adw_agents", "adw_dashboard"],
    scripts: { "adw:server": "adw_server.ts" },
    scriptFlags: [WITHOUT_SQLITE_WARNING],
  },
] as const satisfies readonly ModuleDefinition[];

type BundledModule = (typeof BUNDLED_MODULES)[number];

/** A module of earlier versions: what is left of it in a project goes with an update. */
export interface RetiredModule extends ModuleDefinition {
  /** What there is instead. */
  replacedBy: string;
}

/** Modules that older projects may name, and that are not rendered any more. */
export const RETIRED_MODULES: readonly RetiredModule[] = [
  {
    name: "adw_demo",
    version: "1.2.0",
    summary: "A realistic fleet of agents to watch",
    replacedBy: "npx adw-scaffold demo",
    files: [
      "adws/adw_demo.ts",
      "adws/adw_demo/fleet.ts",
      "adws/adw_demo/player.ts",
      "adws/adw_demo/recorder.ts",
      "adws/adw_demo/writer.ts",
      "adws/adw_demo/terminal_view.ts",
    ],
    // They came with it, and may be in use by now.
    requires: [
      "adw_websockets",
      "adw_websocket_client",
      "adw_logging",
      "adw_dashboard",
    ],
    dependencies: { ws: "^8.21.0" },
    scripts: { "adw:demo": "adw_demo.ts" },
    scriptFlags: [WITHOUT_SQLITE_WARNING],
  },
];

/** The entry of a module that is not rendered any more. */
export function retiredModule(name: string): RetiredModule | undefined {
  return RETIRED_MODULES.find((retired) => retired.name === name);
}

/** Name of a module that ships with this package and that a user can install. */
export type ModuleName = Exclude<BundledModule["name"], "adw_base">;

/** A checked list of modules, looked up by name. */
export interface ModuleRegistry {
  readonly modules: readonly ModuleDefinition[];
  /** The modules that a user can install, in order. */
  readonly installable: readonly ModuleDefinition[];
  /** @throws {UsageError} code `MODULE_UNKNOWN` with the nearest name. */
  get(name: string): ModuleDefinition;
  /**
   * The named modules and everything they require, hidden modules first, each
   * once, requirements before what needs them.
   */
  resolve(names: readonly string[]): ModuleDefinition[];
}

/**
 * Checks the definitions and makes them a registry.
 *
 * @throws {Error} when two modules share a name or a file, or when a
 * requirement is unknown or circular: a bug in the list, not a user's mistake.
 */
export function createRegistry(
  definitions: readonly ModuleDefinition[],
): ModuleRegistry {
  const byName = new Map<string, ModuleDefinition>();
  const owners = new Map<string, string>();
  for (const definition of definitions) {
    if (byName.has(definition.name)) {
      throw new Error(`module ${definition.name} is registered twice`);
    }
    byName.set(definition.name, definition);
    for (const file of definition.files) {
      const owner = owners.get(file);
      if (owner !== undefined) {
        throw new Error(`${owner} and ${definition.name} both own ${file}`);
      }
      owners.set(file, definition.name);
    }
  }
  const installable = definitions.filter(({ hidden }) => hidden !== true);
  const hidden = definitions.filter(
    ({ hidden: isHidden }) => isHidden === true,
  );

  const get = (name: string): ModuleDefinition => {
    const definition = byName.get(name);
    if (definition !== undefined) return definition;
    // The API's callers may not have types.
    if (typeof name !== "string") {
      throw new UsageError(`a module's name is a string, not ${String(name)}`);
    }
    const retired = retiredModule(name);
    if (retired !== undefined) {
      throw new UsageError(`${name} is not a module any more`, {
        hint: `Instead: ${retired.replacedBy}`,
      });
    }
    throw new UsageError(`unknown module "${name}"`, {
      hint: suggestion(
        name,
        installable.map((known) => known.name),
      ),
    });
  };

  const resolve = (names: readonly string[]): ModuleDefinition[] => {
    const done = new Set<ModuleDefinition>(names.length === 0 ? [] : hidden);
    const visit = (name: string, trail: readonly string[]): void => {
      if (trail.includes(name)) {
        throw new Error(
          `circular requirement: ${[...trail, name].join(" → ")}`,
        );
      }
      const definition = get(name);
      for (const required of definition.requires ?? []) {
        visit(required, [...trail, name]);
      }
      done.add(definition);
    };
    for (const name of names) visit(name, []);
    return [...done];
  };

  const above = new Set<string>();
  for (const { name, requires = [] } of definitions) {
    // What requires only modules above it is in no circle.
    if (!requires.every((required) => above.has(required))) resolve([name]);
    above.add(name);
  }
  return { modules: definitions, installable, get, resolve };
}

/** The modules that ship with this package. */
export const bundledRegistry: ModuleRegistry = createRegistry(BUNDLED_MODULES);

export {
  moduleDependencies,
  moduleScripts,
  targetPath,
  templateOf,
  templatesOf,
} from "./module-needs.ts";
