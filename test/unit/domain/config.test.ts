import { DEFAULT_CONFIG, parseConfig } from "../../../src/domain/config.ts";
import {
  CONFIG_KEYS,
  configKeyFacts,
} from "../../../src/domain/config-schema.ts";
import { AdwError } from "../../../src/domain/errors.ts";
import { parseJson } from "../../../src/infrastructure/json-text.ts";

function failure(action: () => unknown): AdwError {
  try {
    action();
  } catch (error) {
    if (error instanceof AdwError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

test("the documented defaults hold", () => {
  expect(DEFAULT_CONFIG).toMatchObject({
    adws_dir: "adws",
    websocket_host: "127.0.0.1",
    websocket_port: 8765,
    max_connections: 100,
    idle_timeout_seconds: 60,
    ping_interval_seconds: 30,
    pong_timeout_seconds: 10,
    max_missed_pongs: 3,
    allowed_origins: [],
    sqlite_driver: "node:sqlite",
  });
});

test("every key has a description and a default for documents and help", () => {
  for (const key of CONFIG_KEYS) {
    expect(configKeyFacts(key).description).toMatch(/\.$/);
    expect(configKeyFacts(key).defaultValue).toBeDefined();
  }
});

test.each([
  [{ websocket_port: 1024 }],
  [{ websocket_port: 65_535 }],
  [{ websocket_port: 0 }],
  [{ adws_dir: "tools/adws" }],
  [{ adws_dir: "a.b/c_d-e" }],
  [{ allowed_origins: ["https://dashboard.example", "http://[::1]:3000"] }],
  [{ websocket_host: "::1" }],
  [{ websocket_host: "fe80::1" }],
  [{ allowed_hosts: ["dash.example", "[::1]"] }],
  [{ $schema: "./x.json" }],
])("accepts %j", (value) => {
  const { $schema: _, ...expected } = { $schema: undefined, ...value };
  expect(parseConfig(value)).toMatchObject(expected);
});

test.each<[unknown, string]>([
  [
    { websocket_port: 80 },
    "websocket_port must be a port from 1024 to 65535, or 0 for any free port (got 80)",
  ],
  [
    { websocket_port: 65_536 },
    "websocket_port must be a port from 1024 to 65535, or 0 for any free port (got 65536)",
  ],
  [
    { websocket_port: "abc" },
    'websocket_port must be a whole number (got "abc")',
  ],
  [
    { websocket_port: 8765.5 },
    "websocket_port must be a whole number (got 8765.5)",
  ],
  [
    { websocket_host: "localhost:8765" },
    'websocket_host must be a host name or an IP address, without a port or a path (got "localhost:8765")',
  ],
  [
    { allowed_hosts: ["[::1]:80"] },
    'allowed_hosts[0] must be a host name or an IP address, without a port or a path (got "[::1]:80")',
  ],
  [{ max_connections: 0 }, "max_connections must be at least 1 (got 0)"],
  [
    { sqlite_driver: "mysql" },
    'sqlite_driver must be one of "node:sqlite", "better-sqlite3" (got "mysql")',
  ],
  [{ allowed_origins: "x" }, 'allowed_origins must be a list (got "x")'],
  [[], "the configuration must be a JSON object, not a list"],
  [null, "the configuration must be a JSON object, not null"],
])("refuses %j", (value, message) => {
  const error = failure(() => parseConfig(value));
  expect(error.message).toBe(message);
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.exitCode).toBe(2);
});

test.each([
  "../x",
  "/etc",
  "a/../b",
  "a/./b",
  "",
  ".",
  "a//b",
  "a/",
  "C:\\x",
  "a\\b",
  ".git",
  ".git/hooks",
  "node_modules/x",
  "a/node_modules",
  "a/.git/b",
  "~",
  "a\nb",
  "a\0b",
])("refuses adws_dir %j", (adws_dir) => {
  expect(failure(() => parseConfig({ adws_dir })).exitCode).toBe(2);
});

test("an unknown key is named with the nearest known one, and where it stands", () => {
  const text = '{\n  "websocket_prot": 9001\n}\n';
  const { value, locate } = parseJson(text, "adw.config.json");
  const error = failure(() => parseConfig(value, locate));
  expect(error.message).toBe('unknown key "websocket_prot"');
  expect(error.hint).toBe('Did you mean "websocket_port"?');
  expect(error.where).toEqual({ file: "adw.config.json", line: 2, column: 3 });
});

test("several problems are told at once", () => {
  const error = failure(() =>
    parseConfig({ websocket_port: 80, max_connections: 0 }),
  );
  expect(error.message).toMatch(
    /^2 problems: websocket_port .*; max_connections /,
  );
});
