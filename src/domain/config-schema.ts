/**
 * The configuration's one schema. Types, validation, the JSON Schema, the
 * command-line flags and the table in the README all come from it.
 */
import * as v from "valibot";
import type { ConfigKind } from "./config-kind.ts";

/**
 * A path segment that is safe on every file system and can neither climb out of
 * the project nor reach into a folder that belongs to another tool.
 */
const SEGMENT = String.raw`(?!\.git(?:/|$))(?!node_modules(?:/|$))[A-Za-z0-9_][A-Za-z0-9_.-]*`;
const FOLDER = `${SEGMENT}(?:/${SEGMENT})*`;

const wholeNumber = (minimum: number, maximum: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(minimum), v.maxValue(maximum));

/** A setting with its default, and what it is for. */
function setting<
  const Schema extends v.GenericSchema,
  const Default extends v.Default<Schema, undefined>,
>(schema: Schema, defaultValue: Default, description: string) {
  return v.pipe(v.optional(schema, defaultValue), v.description(description));
}

/** One HTTP origin: scheme and authority, no path (RFC 6454 §6.1). */
const origin = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/?#]+$/,
    'must be an origin such as "https://dashboard.example" (no path, no trailing slash)',
  ),
);

/** No control characters: a value may end up in a comment, a log line or a terminal. */
const oneLine = v.regex(
  /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/,
  "must be one line without control characters",
);

/**
 * A host name or an IP address, as in a Host header but without the port: what
 * follows a single colon, or a bracket, would be one.
 */
const host = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(253),
  v.regex(
    /^(?![^:]*:\d*$)(?!\[.*\]:)[^\s/\\@?#\u0000-\u001f\u007f-\u009f]+$/,
    "must be a host name or an IP address, without a port or a path",
  ),
);

/** A folder inside the project. */
const folder = (pattern: RegExp, message: string) =>
  v.pipe(v.string(), v.maxLength(200), v.regex(pattern, message));

/** Every config key with its type, bounds, default and description. */
export const CONFIG_ENTRIES = {
  project_name: setting(
    v.pipe(v.string(), v.minLength(1), v.maxLength(100), oneLine),
    "adw-project",
    "Name shown by the server and in the dashboard.",
  ),
  adws_dir: setting(
    folder(
      new RegExp(`^${FOLDER}$`),
      'must be a folder inside the project, such as "adws" or "tools/adws": no leading "/", no "..", no ".git" or "node_modules"',
    ),
    "adws",
    "Folder, relative to the project, that the modules are rendered into.",
  ),
  modules: setting(
    v.array(v.pipe(v.string(), v.minLength(1))),
    [],
    "The installed modules; what they require comes with them.",
  ),
  websocket_host: setting(
    host,
    "127.0.0.1",
    "Address the server binds to. Anything but loopback needs a token.",
  ),
  websocket_port: setting(
    v.pipe(
      v.number(),
      v.integer(),
      v.check(
        (port) => port === 0 || (port >= 1024 && port <= 65_535),
        "must be a port from 1024 to 65535, or 0 for any free port",
      ),
    ),
    8765,
    "Port the server listens on; 0 takes any free port.",
  ),
  max_connections: setting(
    wholeNumber(1, 100_000),
    100,
    "Clients served at once; one more is closed with 1013 (try again later).",
  ),
  idle_timeout_seconds: setting(
    wholeNumber(1, 86_400),
    60,
    "A client that sends nothing, not even a pong, for so long is closed with 4408.",
  ),
  ping_interval_seconds: setting(
    wholeNumber(1, 3600),
    30,
    "Time between keepalive pings.",
  ),
  pong_timeout_seconds: setting(
    wholeNumber(1, 3600),
    10,
    "A pong later than this counts as missed.",
  ),
  max_missed_pongs: setting(
    wholeNumber(1, 100),
    3,
    "Missed pongs in a row after which a peer is cut off.",
  ),
  allowed_origins: setting(
    v.pipe(v.array(origin), v.maxLength(100)),
    [],
    'Web origins that may connect besides the server’s own, such as "https://dashboard.example".',
  ),
  allowed_hosts: setting(
    v.pipe(v.array(host), v.maxLength(100)),
    [],
    "Host names accepted in the Host header besides loopback and websocket_host.",
  ),
  max_queue_bytes: setting(
    wholeNumber(16_384, 1_073_741_824),
    1_048_576,
    "Bytes that may wait in one client’s socket before it is fed from the history instead.",
  ),
  max_event_bytes: setting(
    wholeNumber(1024, 67_108_864),
    1_048_576,
    'Largest event on the wire; larger metadata is delivered as { "truncated": true }.',
  ),
  max_message_bytes: setting(
    wholeNumber(256, 1_048_576),
    4096,
    "Largest message a client may send; a larger one closes it with 1009.",
  ),
  history_size: setting(
    wholeNumber(1, 10_000_000),
    10_000,
    "Events kept in memory for resume when there is no database.",
  ),
  mask_secrets: setting(
    v.boolean(),
    true,
    "Whether secrets in what coding agents say are masked before they are stored.",
  ),
  database_path: setting(
    v.pipe(v.string(), v.minLength(1), v.maxLength(400), oneLine),
    "adws/schema/orchestrator.db",
    "SQLite file, relative to the project; schema/orchestrator.db in adws_dir unless set. TAC_ORCHESTRATOR_DB overrides it.",
  ),
  sqlite_driver: setting(
    v.picklist(["node:sqlite", "better-sqlite3"]),
    "node:sqlite",
    "SQLite library: node:sqlite needs Node 22.13 or later; init chooses by the running Node.",
  ),
  typescript_runner: setting(
    v.picklist(["node", "tsx"]),
    "node",
    "What runs the .ts files: node from 22.18 on, else tsx; init chooses by the running Node.",
  ),
  templates_dir: setting(
    folder(
      new RegExp(`^(?:${FOLDER})?$`),
      'must be a folder inside the project, such as "adw-templates"',
    ),
    "",
    "Folder with templates of your own: they override bundled ones by path and add modules.",
  ),
  package_manager: setting(
    v.picklist(["auto", "npm", "pnpm", "yarn", "bun"]),
    "auto",
    'Package manager that installs dependencies; "auto" detects it.',
  ),
};

/** The strict object schema over {@link CONFIG_ENTRIES}; unknown keys are refused. */
export const CONFIG_SCHEMA = v.strictObject(CONFIG_ENTRIES);

export type ConfigKey = keyof typeof CONFIG_ENTRIES;

export const CONFIG_KEYS = Object.keys(CONFIG_ENTRIES).filter(isConfigKey);

export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(CONFIG_ENTRIES, name);
}

/** What a person needs to know of one key: for flags, help and documents. */
export interface ConfigKeyFacts {
  key: ConfigKey;
  kind: ConfigKind;
  choices: readonly string[];
  defaultValue: string | number | boolean | readonly string[];
  description: string;
}

/** Reads the facts of one key off its schema. */
export function configKeyFacts(key: ConfigKey): ConfigKeyFacts {
  const entry = CONFIG_ENTRIES[key];
  const optional = entry.pipe[0];
  const wrapped = optional.wrapped;
  return {
    key,
    kind:
      wrapped.type === "array"
        ? "list"
        : wrapped.type === "picklist"
          ? "choice"
          : wrapped.type,
    choices:
      wrapped.type === "picklist"
        ? wrapped.options
        : wrapped.type === "boolean"
          ? ["true", "false"]
          : [],
    defaultValue: v.getDefault(optional),
    description: v.getDescription(entry) ?? "",
  };
}
