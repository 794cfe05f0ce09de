/**
 * The rendered modules under test. Every test loads them through this file, so
 * that one place decides which rendering is tested.
 */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROJECT_DIR = resolve(__dirname, "../..");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13);
/** The sample whose SQLite driver this Node has; otherwise the two are the same. */
const SAMPLE = hasNodeSqlite ? "default" : "better_sqlite3";
const ADWS_DIR = join(PROJECT_DIR, "build/rendered", SAMPLE, "adws");

interface RenderedModules {
  "adw_modules/adw_agents": typeof import("../../build/rendered/default/adws/adw_modules/adw_agents.ts");
  "adw_modules/adw_agents/sources": typeof import("../../build/rendered/default/adws/adw_modules/adw_agents/sources.ts");
  "adw_modules/adw_agents/lock": typeof import("../../build/rendered/default/adws/adw_modules/adw_agents/lock.ts");
  "adw_modules/adw_agents/opencode_database": typeof import("../../build/rendered/default/adws/adw_modules/adw_agents/opencode_database.ts");
  "adw_modules/adw_agents/store": typeof import("../../build/rendered/default/adws/adw_modules/adw_agents/store.ts");
  "adw_modules/adw_database": typeof import("../../build/rendered/default/adws/adw_modules/adw_database.ts");
  "adw_modules/adw_database/connection": typeof import("../../build/rendered/default/adws/adw_modules/adw_database/connection.ts");
  "adw_modules/adw_logging": typeof import("../../build/rendered/default/adws/adw_modules/adw_logging.ts");
  "adw_modules/adw_logging/values": typeof import("../../build/rendered/default/adws/adw_modules/adw_logging/values.ts");
  "adw_modules/orch_database_models": typeof import("../../build/rendered/default/adws/adw_modules/orch_database_models.ts");
  "adw_modules/adw_websockets": typeof import("../../build/rendered/default/adws/adw_modules/adw_websockets.ts");
  "adw_modules/adw_websocket_client": typeof import("../../build/rendered/default/adws/adw_modules/adw_websocket_client.ts");
}

export function loadRendered<Name extends keyof RenderedModules>(
  name: Name,
): RenderedModules[Name] {
  return require(join(ADWS_DIR, `${name}.ts`)) as RenderedModules[Name];
}

/** Absolute path of a rendered file, for a program that imports it. */
export function renderedPath(name: string): string {
  return join(ADWS_DIR, name);
}

/** A copy of its own, for programs that write beside themselves. */
export function copyRendered(): { adwsDir: string; remove: () => void } {
  const projectDir = mkdtempSync(join(tmpdir(), "adw-rendered-"));
  const adwsDir = join(projectDir, "adws");
  const isToken = (path: string) => path.includes(".adw_token");
  cpSync(ADWS_DIR, adwsDir, {
    recursive: true,
    filter: (path) => !isToken(path),
  });
  symlinkSync(
    join(PROJECT_DIR, "node_modules"),
    join(projectDir, "node_modules"),
  );
  return {
    adwsDir,
    remove: () => rmSync(projectDir, { recursive: true, force: true }),
  };
}
