/** `adw-scaffold emit`: a script tells the log something, whether a server runs or not. */
import {
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { AgentsProject, ofType } from "../../helpers/agents-project.ts";
import { runCli, runProcess, type CliResult } from "../../helpers/cli.ts";
import { currentNode } from "../../helpers/current-node.ts";
import { run } from "../../helpers/processes.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const spool = () => join(folder(), "adws/.adw_spool");

beforeEach(async () => {
  await writeFile(join(folder(), "adw.config.json"), "{}\n");
  await mkdir(join(folder(), "adws/adw_modules"), { recursive: true });
  await writeFile(join(folder(), "adws/adw_modules/adw_agents.ts"), "");
});

/** A thousand events of this size are more than a file of the spool holds. */
const PADDING = "x".repeat(1_000);

const asProcess = (input: string, parameters: readonly string[] = []) =>
  emit(input, parameters, folder(), runProcess);

function emit(
  input: string,
  parameters: readonly string[] = [],
  cwd = folder(),
  runIt = runCli,
  more: NodeJS.ProcessEnv = {},
): Promise<CliResult> {
  const env = { HOME: folder(), XDG_STATE_HOME: "", ...more };
  return runIt(["emit", ...parameters], cwd, env, { input });
}

/** What lies in the spool, in the order in which a server takes it. */
async function spooled(
  path = spool(),
): Promise<{ name: string; value: unknown }[]> {
  const names = await readdir(join(path, "new"));
  const files = await Promise.all(
    names.map(async (name) => ({
      name,
      at: (await stat(join(path, "new", name))).mtimeMs,
      value: JSON.parse(await readFile(join(path, "new", name), "utf8")),
    })),
  );
  return files
    .toSorted((a, b) => a.at - b.at)
    .map(({ name, value }) => ({ name, value }));
}

const made = {
  idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}-\d+$/),
  timestamp: expect.stringMatching(/Z$/),
};

it("puts an event of standard input into the project's spool", async () => {
  const input = '{"event_type":"deploy_done","agent_id":"ci"}\n';
  expect(await asProcess(input)).toEqual({
    code: 0,
    stdout: "1 event put into adws/.adw_spool\n",
    stderr: "",
  });
  const [file, ...others] = await spooled();
  expect(others).toEqual([]);
  expect(file?.name).toMatch(/^event\.http\.[0-9a-f-]{36}$/);
  expect(file?.value).toEqual({
    event_type: "deploy_done",
    agent_id: "ci",
    ...made,
  });
  expect((await stat(spool())).mode & 0o777).toBe(0o700);
});

it.each([
  [
    "a line each",
    '{"event_type":"a"}\n\n{"event_type":"b"}\r\n{"event_type":"c"}',
  ],
  [
    "a batch as POST /api/events takes it",
    '{"events":[{"event_type":"a"},{"event_type":"b"},\n{"event_type":"c"}]}',
  ],
  ["a list", '[{"event_type":"a"},\n {"event_type":"b"}, {"event_type":"c"}]'],
])("takes several, %s, in order", async (_form, input) => {
  expect(await emit(input)).toMatchObject({
    code: 0,
    stdout: "3 events put into adws/.adw_spool\n",
  });
  const [{ value } = {}] = await spooled();
  expect(value).toEqual(
    ["a", "b", "c"].map((event_type) => ({
      event_type,
      agent_id: "system",
      ...made,
    })),
  );
});

it("takes an event over several lines, and what is known of it already", async () => {
  const event = {
    event_type: "build",
    agent_id: "ci",
    message: "Zoë 🚀",
    metadata: { event_typ: 1 },
    idempotency_key: "run-1",
    timestamp: "2026-01-31T12:00:00.000Z",
    log_level: "warning",
    session_id: "s",
    project: "shop",
  };
  await emit(JSON.stringify(event, null, 2));
  expect((await spooled())[0]?.value).toEqual(event);
});

it("takes an event of options", async () => {
  await emit("", [
    "--event-type",
    "x",
    "--agent-id",
    "y",
    "--message",
    `it's "z"`,
  ]);
  expect((await spooled())[0]?.value).toEqual({
    event_type: "x",
    agent_id: "y",
    message: `it's "z"`,
    ...made,
  });
});

it("splits many into files that a server takes, in order", async () => {
  const count = 3_000;
  const lines = Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      event_type: "n",
      message: `${String(n)} ${PADDING}`,
    }),
  );
  await asProcess(lines.join("\n"));
  const files = await spooled();
  expect(files.length).toBeGreaterThan(1);
  const events = files.flatMap(({ value }) => value as { message: string }[]);
  expect(events.map(({ message }) => parseInt(message, 10))).toEqual(
    Array.from({ length: count }, (_, n) => n),
  );
});

it("goes to the user's spool in a project that hears no agents", async () => {
  await rm(join(folder(), "adws/adw_modules/adw_agents.ts"));
  const { code, stdout } = await emit('{"event_type":"x","agent_id":"y"}');
  expect(code).toBe(0);
  expect(stdout).toBe("1 event put into .local/state/adw-scaffold/spool\n");
  expect(await readdir(join(folder(), "adws"))).toEqual(["adw_modules"]);
});

it("keeps the project's spool out of git by itself", async () => {
  await emit('{"event_type":"x","agent_id":"y"}');
  expect(await readFile(join(spool(), ".gitignore"), "utf8")).toBe("*\n");
});

it("goes to the user's spool where there is no project", async () => {
  const elsewhere = join(folder(), "plain");
  await mkdir(join(elsewhere, ".git"), { recursive: true });
  const { stdout } = await emit('{"event_type":"a"}', [], elsewhere);
  expect(stdout).toBe("1 event put into ~/.local/state/adw-scaffold/spool\n");
  expect(
    await spooled(join(folder(), ".local/state/adw-scaffold/spool")),
  ).toHaveLength(1);
});

it("prints one object with --json, and writes nothing with --dry-run", async () => {
  const { stdout } = await emit('{"event_type":"a","id":"one"}', [
    "--json",
    "--dry-run",
  ]);
  expect(JSON.parse(stdout)).toEqual({
    command: "emit",
    dry_run: true,
    target: expect.any(String),
    spool: "adws/.adw_spool",
    events: ["one"],
  });
  expect(await readdir(join(folder(), "adws"))).toEqual(["adw_modules"]);
});

describe("puts nothing into the log, and names the line, for", () => {
  it.each([
    ["nothing", "", "standard input is empty", undefined],
    ["broken JSON", '{"event_type":', "not valid JSON", 1],
    [
      "a broken line",
      '{"event_type":"a"}\n{oops\n',
      "not valid JSON: unexpected word",
      2,
    ],
    ["an empty list", "[]", "there is no event", undefined],
    [
      "a message that no server takes",
      JSON.stringify({ event_type: "a", message: "x".repeat(16_001) }),
      '"message" must be a text of at most 16000 characters',
      1,
    ],
    ["a word", '"deploy_done"', "an event is an object", 1],
    [
      "no type",
      '{"event_type":"a"}\n\n{"agent_id":"b"}',
      '"event_type" is missing',
      3,
    ],
    [
      "an unknown key",
      '[{"event_type":"a"},\n{"event_typ":"b"}]',
      'unknown key "event_typ"',
      2,
    ],
    [
      "an unknown key in a batch",
      '{"events":[{"event_type":"a"},\n\n{"event_typ":"b"}]}',
      'unknown key "event_typ"',
      3,
    ],
    ["an empty batch", '{"events":[]}', "there is no event", undefined],
    [
      "an empty name",
      '{"event_type":""}',
      '"event_type" must be a text of 1 to 300 characters',
      1,
    ],
    [
      "a level that there is not",
      '{\n"event_type":"a",\n"log_level":"loud"}',
      '"log_level" must be one of debug',
      3,
    ],
    [
      "a time that is none",
      '{"event_type":"a","timestamp":"yesterday"}',
      '"timestamp" must be a time in ISO 8601',
      1,
    ],
    [
      "metadata that is a list",
      '{"event_type":"a","metadata":[]}',
      '"metadata" must be an object',
      1,
    ],
    [
      "a key that stands twice",
      '{"event_type":"a","event_type":"b"}',
      "appears twice",
      1,
    ],
  ])("%s", async (_what, input, words, line) => {
    const { code, stdout, stderr } = await emit(input, ["--json"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const { error } = JSON.parse(stderr);
    expect(error.message).toContain(words);
    expect(error.line).toBe(line);
    expect(await readdir(join(folder(), "adws"))).toEqual(["adw_modules"]);
  });

  it.each([
    ["one document", '{"event_type":"a"\n,oops}', 2],
    ["one of many lines", '{"event_type":"a"}\n{"event_type":"b"}\n{oops', 3],
  ])("broken JSON in %s, with the same code", async (_what, input, line) => {
    const { code, stderr } = await emit(input, ["--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: "JSON_INVALID",
      line,
    });
  });

  it("options without a type", async () => {
    expect(await emit("", ["--message", "x"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--message needs --event-type"),
    });
  });
});

it("fails with 1 where the spool cannot be written", async () => {
  await writeFile(spool(), "a file");
  const { code, stderr } = await emit('{"event_type":"a"}');
  expect(code).toBe(1);
  expect(stderr).toContain("error WRITE_FAILED cannot write:");
});

describe("reaches the log", () => {
  jest.setTimeout(120_000);

  it("of the project's server, once for each key, with all that it says", async () => {
    const project = new AgentsProject();
    const root = dirname(project.adwsDir);
    await writeFile(join(root, "adw.config.json"), "{}\n");
    const said = {
      event_type: "deploy_done",
      agent_id: "ci",
      message: "v1.2.3 is live",
      metadata: { commit: "abc", minutes: 3 },
      timestamp: "2026-01-31T12:00:00.000Z",
    };
    // Before there is a server, and again while one runs.
    await emit(JSON.stringify({ ...said, id: "run-1" }), [], root);
    await project.start();
    await emit(JSON.stringify({ ...said, id: "run-1" }), [], root);
    await emit('[{"event_type":"first"},{"event_type":"second"}]', [], root);
    const events = await project.eventsWhen(
      (all) => ofType(all, "second").length > 0,
    );
    expect(ofType(events, "deploy_done")).toEqual([
      expect.objectContaining(said),
    ]);
    expect(ofType(events, "first")).toMatchObject([{ agent_id: "system" }]);
    expect(ofType(events, "second")).toHaveLength(1);
    expect(project.left()).toEqual([]);
    expect(project.left("broken")).toEqual([]);
  });

  it("once, when a long one that was cut short is repeated", async () => {
    const project = new AgentsProject();
    const root = dirname(project.adwsDir);
    await writeFile(join(root, "adw.config.json"), "{}\n");
    const count = 3_000;
    const input = Array.from({ length: count }, (_, n) =>
      JSON.stringify({ event_type: "n", message: `${String(n)} ${PADDING}` }),
    ).join("\n");
    // Killed once at each of these calls that name a path in the spool.
    for (const at of [15, 17, 16]) {
      const killed = await emit(input, [], root, runProcess, {
        NODE_OPTIONS: `--require ${join(__dirname, "../../helpers/kill-at.cjs")}`,
        ADW_KILL_ROOT: project.spool,
        ADW_KILL_AT: String(at),
        ADW_KILL_WHEN: "after",
      });
      expect(killed.stdout).toBe("");
    }
    const parts = (await spooled(project.spool)).length;
    expect(parts).toBeGreaterThan(1);
    expect(await emit(input, [], root)).toMatchObject({ code: 0 });
    await project.start();
    await project.eventsWhen(() => project.left().length === 0);
    const numbers = ofType(project.events(), "n").map(({ message }) =>
      parseInt(message, 10),
    );
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, n) => n),
    );
    expect(project.left("broken")).toEqual([]);
    // It is said anew from now on.
    await emit(input, [], root);
    await project.eventsWhen(() => project.left().length === 0);
    expect(ofType(project.events(), "n")).toHaveLength(2 * count);
  });

  const node = currentNode();
  (node === undefined ? describe.skip : describe)("of the user", () => {
    it("with watch", async () => {
      const elsewhere = join(folder(), "plain");
      await mkdir(join(elsewhere, ".git"), { recursive: true });
      await emit('{"event_type":"deploy_done","id":"one"}', [], elsewhere);
      await emit('{"event_type":"deploy_done","id":"one"}', [], elsewhere);
      const state = join(folder(), ".local/state/adw-scaffold");
      const env = { HOME: folder(), XDG_STATE_HOME: "" };
      const watched = await runCli(
        ["watch", "--once"],
        elsewhere,
        env,
        node === undefined ? {} : { node },
      );
      expect(watched).toMatchObject({ code: 0, stderr: "" });
      expect(await spooled(join(state, "spool"))).toEqual([]);
      const read = `
      const { DatabaseSync } = require("node:sqlite");
      const database = new DatabaseSync(process.argv[1]);
      console.log(JSON.stringify(database.prepare("SELECT event_type FROM event_stream").all()));`;
      const file = join(state, "watch.db");
      const rows = await run(node ?? "", ["-e", read, file], {
        cwd: elsewhere,
        env,
      });
      expect(JSON.parse(rows.stdout)).toEqual([{ event_type: "deploy_done" }]);
    });
  });
});
