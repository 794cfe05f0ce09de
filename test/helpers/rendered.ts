/** The one way by which tests reach rendered modules, in this process and in others. */
import { join } from "node:path";
import type * as DatabaseModule from "../../build/rendered/default/adws/adw_modules/adw_database.ts";
import type * as LoggingModule from "../../build/rendered/default/adws/adw_modules/adw_logging.ts";
import type * as MigrationsModule from "../../build/rendered/default/adws/adw_modules/adw_migrations.ts";
import type * as WebSocketsModule from "../../build/rendered/default/adws/adw_modules/adw_websockets.ts";
import type * as SqliteModule from "../../build/rendered/default/adws/adw_modules/adw_sqlite.ts";
import type * as ModelsModule from "../../build/rendered/default/adws/adw_modules/orch_database_models.ts";

export interface RenderedModules {
  adw_database: typeof DatabaseModule;
  adw_logging: typeof LoggingModule;
  adw_migrations: typeof MigrationsModule;
  adw_sqlite: typeof SqliteModule;
  adw_websockets: typeof WebSocketsModule;
  orch_database_models: typeof ModelsModule;
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13);

/** The sample whose SQLite driver this Node has. */
export const ADWS = join(
  __dirname,
  "../../build/rendered",
  hasNodeSqlite ? "default" : "better_sqlite3",
  "adws",
);
export const MODULES = join(ADWS, "adw_modules");
export const SCHEMA = join(ADWS, "schema");

export function load<Name extends keyof RenderedModules>(
  name: Name,
): RenderedModules[Name] {
  return require(join(MODULES, `${name}.ts`));
}

/** What `process.execPath` needs to run TypeScript. */
export const RUN_TYPESCRIPT = ["--import", "tsx"];
