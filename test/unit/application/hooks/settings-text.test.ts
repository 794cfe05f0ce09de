import { spawnSync } from "node:child_process";
import { parse } from "jsonc-parser";
import { SETTINGS_SAMPLES } from "../../../fixtures/agent-settings.ts";
import {
  ownHandlers,
  withHooks,
  withoutHooks,
  type Wanted,
} from "../../../../src/application/hooks/settings-text.ts";
import {
  agentOf,
  telemetrySettings,
  type AgentName,
} from "../../../../src/domain/hooks/agents.ts";

const URL = "http://127.0.0.1:8765";
const FILE = "settings.json";

function wanted(
  name: AgentName,
  folder = "/home/me/shop/adws/.adw_spool",
): Wanted {
  const agent = agentOf(name);
  return {
    agent,
    events: agent.events,
    door: { kind: "spool", place: { kind: "folder", path: folder } },
    settings: [],
    platform: "linux",
  };
}

function withTelemetry(name: AgentName): Wanted {
  const agent = agentOf(name);
  return {
    ...wanted(name),
    settings: telemetrySettings(agent, URL, "'/x/.adw_ingest_token'"),
    url: URL,
  };
}

/** Makes it when it is asked for first. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const samples = SETTINGS_SAMPLES.map(
  (sample) => [`${sample.agent}: ${sample.name}`, sample] as const,
);

test("there are at least forty of them", () => {
  expect(samples.length).toBeGreaterThanOrEqual(40);
});

describe.each(samples)("%s", (_name, { agent, text }) => {
  // Each is asked for by several tests.
  const withHooksOnly = once(() => withHooks(text, FILE, wanted(agent)));
  const withBoth = once(() => withHooks(text, FILE, withTelemetry(agent)));
  const value = (json: string) =>
    parse(json.replace(/^\uFEFF/, ""), [], { allowTrailingComma: true });

  it.each([
    ["hooks", withHooksOnly],
    ["hooks and telemetry", withBoth],
  ])(
    "is as it was, to the byte, once %s are installed and uninstalled",
    (_what, made) => {
      const installed = made();
      const { events } = wanted(agent);
      expect(ownHandlers(installed, FILE)).toHaveLength(events.length);
      for (const event of events)
        expect(value(installed).hooks[event].length).toBeGreaterThan(0);
      expect(withoutHooks(installed, FILE)).toBe(text);
    },
  );

  it("is not changed by a second install, and an older handler is replaced", () => {
    const old = withHooks(text, FILE, wanted(agent, "/elsewhere/.adw_spool"));
    const installed = withHooks(old, FILE, wanted(agent));
    expect(withHooks(installed, FILE, wanted(agent))).toBe(installed);
    expect(installed).toBe(withHooksOnly());
  });

  it("keeps the values of everything else", () => {
    const { hooks: _before = {}, ...rest } = value(text);
    const { hooks, ...others } = value(withHooksOnly());
    delete rest.version;
    delete others.version;
    expect(others).toEqual(rest);
    expect(Object.keys(hooks)).toEqual(
      expect.arrayContaining(Object.keys(_before)),
    );
  });

  it("keeps what is edited in between", () => {
    const installed = withBoth();
    for (const edit of EDITS) {
      const edited = edit(installed);
      if (edited === undefined) continue;
      const left = withoutHooks(edited, FILE);
      expect(left).not.toBeNull();
      expect(left).not.toContain("adw-scaffold-hook");
      const should = edit(text);
      // Where the same edit can be made in the file as it was, the result is the same.
      if (should !== undefined) expect(left).toBe(should);
      expect(value(left ?? "").edited).toEqual(value(edited).edited);
    }
  });
});

/** What a person does to the file; undefined where there is no place for it. */
const EDITS: readonly ((text: string) => string | undefined)[] = [
  // Another setting at the start.
  (text) => {
    const at = text
      .replace(/\/\*[^]*?\*\//, (comment) => " ".repeat(comment.length))
      .indexOf("{");
    const isEmpty =
      Object.keys(parse(text.replace(/^\uFEFF/, ""))).length === 0;
    return isEmpty
      ? undefined
      : `${text.slice(0, at + 1)} "edited": [1, {"a": "}"}],${text.slice(at + 1)}`;
  },
  // Another value in the middle.
  (text) =>
    text.includes('"opus"') ? text.replace('"opus"', '"haiku"') : undefined,
  // Words behind the end.
  (text) => `${text}\n// edited`,
];

it("removes a file that was made for the hooks", () => {
  for (const name of ["claude", "codex", "gemini", "cursor"] as const) {
    const made = withHooks(null, FILE, withTelemetry(name));
    expect(made.endsWith("}\n")).toBe(true);
    expect(withoutHooks(made, FILE)).toBeNull();
  }
});

it("keeps what somebody added to a file that was made for the hooks", () => {
  const made = withHooks(null, FILE, wanted("claude"));
  const edited = made.replace("{\n", '{\n  "model": "opus",\n');
  expect(withoutHooks(edited, FILE)).toBe('{\n  "model": "opus"\n}\n');
});

it("keeps a hook that somebody put beside one of ours", () => {
  const made = withHooks(null, FILE, wanted("claude"));
  const mine = { type: "command", command: "say done" };
  const edited = JSON.parse(made);
  edited.hooks.Stop[0].hooks.push(mine);
  edited.hooks.PreToolUse.unshift({ matcher: "Bash", hooks: [mine] });
  edited.hooks.PostToolUse[0].matcher = "Write";
  expect(JSON.parse(withoutHooks(JSON.stringify(edited), FILE) ?? "")).toEqual({
    hooks: {
      PreToolUse: [{ matcher: "Bash", hooks: [mine] }],
      Stop: [{ hooks: [mine] }],
    },
  });
});

it("takes out what a formatter has laid out anew", () => {
  const text = '{"model":"opus","hooks":{"Stop":[]}}';
  const installed = withHooks(text, FILE, withTelemetry("claude"));
  const formatted = JSON.stringify(JSON.parse(installed), null, 4);
  expect(JSON.parse(withoutHooks(formatted, FILE) ?? "")).toEqual(
    JSON.parse(text),
  );
});

it("keeps cursor's version where hooks of others are left", () => {
  const made = JSON.parse(withHooks(null, FILE, wanted("cursor")));
  made.hooks.stop.push({ command: "mine" });
  expect(JSON.parse(withoutHooks(JSON.stringify(made), FILE) ?? "")).toEqual({
    version: 1,
    hooks: { stop: [{ command: "mine" }] },
  });
});

describe("telemetry that somebody edited after the install", () => {
  const install = () => withHooks("{}", FILE, withTelemetry("claude"));
  const edit = (text: string, key: string, value: string) =>
    text.replace(
      new RegExp(`("${key}"): "(?:[^"\\\\]|\\\\.)*"`),
      `$1: ${JSON.stringify(value)}`,
    );
  const EXPORTERS = "OTEL_LOGS_EXPORTER";
  const SWITCH = "CLAUDE_CODE_ENABLE_TELEMETRY";
  const HELPER = "otelHeadersHelper";

  it.each([
    [EXPORTERS, "console", { env: { [EXPORTERS]: "console" } }],
    [SWITCH, "0", { env: { [SWITCH]: "0" } }],
    [HELPER, "~/bin/headers.sh", { [HELPER]: "~/bin/headers.sh" }],
  ])("stays: %s", (key, value, left) => {
    const edited = edit(install(), key, value);
    expect(JSON.parse(edited)).toMatchObject(left);
    expect(JSON.parse(withoutHooks(edited, FILE) ?? "")).toEqual(left);
    // Nor does a later install, such as one of another version, write over it.
    const later = { ...withTelemetry("claude"), events: ["Stop"] };
    const again = withHooks(edited, FILE, later);
    expect(ownHandlers(again, FILE)).toHaveLength(1);
    expect(JSON.parse(again)).toMatchObject(left);
    expect(JSON.parse(withoutHooks(again, FILE) ?? "")).toEqual(left);
  });

  it("stays whole where its endpoint is another", () => {
    const edited = edit(
      install(),
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "https://otel.corp.test",
    );
    const { hooks: _ours, ...others } = JSON.parse(edited);
    expect(JSON.parse(withoutHooks(edited, FILE) ?? "")).toEqual(others);
    expect(() =>
      withHooks(edited, FILE, { ...withTelemetry("claude"), events: ["Stop"] }),
    ).toThrow("OTEL_EXPORTER_OTLP_ENDPOINT");
  });

  it("stays in Gemini's settings too", () => {
    const made = JSON.parse(withHooks("{}", FILE, withTelemetry("gemini")));
    made.telemetry.enabled = false;
    const left = withoutHooks(JSON.stringify(made), FILE) ?? "";
    expect(JSON.parse(left)).toEqual({ telemetry: { enabled: false } });
  });
});

it.each([
  "http://host/a'b",
  "http://[::1]:8765",
  'http://h/";$(id)',
  "http://h/%20ü",
])("knows the server %s again, which no shell reads", (url) => {
  const what = {
    ...withTelemetry("claude"),
    settings: telemetrySettings(agentOf("claude"), url, undefined),
    url,
  };
  const installed = withHooks("{}", FILE, what);
  expect(withHooks(installed, FILE, what)).toBe(installed);
  const [first] = ownHandlers(installed, FILE);
  expect(first?.marker.url).toBe(url);
  const command = String(Reflect.get(first?.value ?? {}, "command"));
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
    encoding: "utf8",
    input: "{}",
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: "",
    stderr: "",
  });
  expect(withoutHooks(installed, FILE)).toBe("{}");
});

describe("refuses, with line and column,", () => {
  const failure = (text: string, what = wanted("claude")) => {
    try {
      withHooks(text, FILE, what);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    ["an empty file", "", "the file is empty", 1, 1],
    ["a missing comma", '{\n  "a": 1\n  "b": 2\n}', "a comma is missing", 3, 3],
    [
      "a file that breaks off",
      '{\n  "hooks": {',
      "a closing brace is missing",
      2,
      13,
    ],
    ["two values", "{} {}", "text after the end of the value", 1, 4],
  ])("%s", (_name, text, words, line, column) => {
    expect(failure(text)).toMatchObject({
      code: "JSON_INVALID",
      exitCode: 2,
      message: `not valid JSON: ${words}`,
      where: { file: FILE, line, column },
    });
  });

  it("a file of a merge", () => {
    expect(
      failure('{\n<<<<<<< HEAD\n"a":1\n=======\n"b":1\n>>>>>>> x\n}'),
    ).toMatchObject({
      code: "CONFLICT_MARKERS",
      where: { line: 2 },
    });
  });

  it.each([
    ["[]", "the file is not an object"],
    ['{"hooks": []}', "hooks is not an object"],
    ['{"hooks": {"Stop": {}}}', "hooks.Stop is not a list"],
  ])("%s", (text, message) => {
    expect(failure(text)).toMatchObject({
      code: "CONFIG_INVALID",
      message,
      where: { line: 1 },
    });
  });

  it("telemetry that goes elsewhere", () => {
    const text =
      '{"env": {\n"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.corp.test"}}';
    expect(failure(text, withTelemetry("claude"))).toMatchObject({
      code: "SETTING_TAKEN",
      message:
        'env.OTEL_EXPORTER_OTLP_ENDPOINT is "https://otel.corp.test" already',
      where: { line: 2 },
    });
  });
});
