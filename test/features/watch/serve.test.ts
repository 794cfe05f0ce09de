/** `adw-scaffold watch`: the server, live, from the package itself. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CLI } from "../../helpers/cli.ts";
import { currentNode } from "../../helpers/current-node.ts";
import {
  endAllProcesses,
  start,
  type RunningProcess,
} from "../../helpers/processes.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  append,
  CLAUDE_TURN_TOKENS,
  claudeFile,
  claudeTurn,
  codexFile,
  codexTurn,
  homeAlone,
  openCodeFile,
  writeOpenCode,
} from "../../helpers/transcripts.ts";

jest.setTimeout(180_000);
afterEach(endAllProcesses);

const node = currentNode();
const home = temporaryFolder();
const state = (name = "") => join(home(), ".local/state/adw-scaffold", name);
const turn = (minutes: number, session = "c1") => ({
  session,
  cwd: "/tmp/shop",
  at: Date.now() - minutes * 60_000,
});

function watch(
  parameters: readonly string[] = ["--port", "0"],
  env: NodeJS.ProcessEnv = {},
): RunningProcess {
  return start(node ?? process.execPath, [CLI, "watch", ...parameters], {
    cwd: home(),
    env: {
      ...homeAlone(home()),
      ...env,
    },
  });
}

interface Page {
  url: string;
  token: string;
}

/** Resolves when all is read and the page is served. */
async function served(running: RunningProcess): Promise<Page> {
  const [, url = "", token = ""] = await running.seen(
    /Open +(http:\/\/127\.0\.0\.1:\d+)\/#token=(\S+)\n/,
  );
  await running.seen(/shown live\.\n|appears by itself\./);
  return { url, token };
}

interface StoredEvent {
  seq: number;
  event_type: string;
  agent_id: string;
  session_id?: string;
  message: string;
  metadata: Record<string, unknown>;
}

async function events({ url, token }: Page): Promise<StoredEvent[]> {
  const response = await fetch(`${url}/api/events?limit=1000`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  const page: { events: StoredEvent[] } = await response.json();
  return page.events;
}

/** The same once an event is there. */
async function untilEvent(
  page: Page,
  isIt: (event: StoredEvent) => boolean,
): Promise<StoredEvent[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await events(page);
    if (found.some(isIt)) return found;
    if (Date.now() > deadline)
      throw new Error(`no such event among ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const says = (text: string) => (event: StoredEvent) =>
  JSON.stringify(event).includes(text);
const prompts = (found: readonly StoredEvent[]) =>
  found.filter(({ event_type }) => event_type === "prompt_sent");
const output = (found: readonly StoredEvent[]) =>
  found
    .filter(({ event_type }) => event_type === "cost_update")
    .reduce((sum, { metadata }) => sum + Number(metadata["tokens_output"]), 0);

(node === undefined ? describe.skip : describe)("watch", () => {
  test("serves the page, shows what was and then what comes, and ends with Ctrl-C", async () => {
    append(claudeFile(home(), turn(9)), claudeTurn(turn(9)));
    writeOpenCode(openCodeFile(home()), { ...turn(8), session: "ses_1" });
    const running = watch();
    const page = await served(running);
    expect(running.stdout()).toContain(
      "2 sessions since 7d: 0 working, 0 waiting for you.",
    );
    const html = await fetch(`${page.url}/`);
    expect([html.status, html.headers.get("content-type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    expect((await fetch(`${page.url}/api/events`)).status).toBe(401);
    expect(prompts(await events(page))).toHaveLength(2);
    // An agent that starts now, one that goes on, and one of another kind.
    append(claudeFile(home(), turn(0, "c2")), claudeTurn(turn(0, "c2")));
    append(
      claudeFile(home(), turn(9)),
      claudeTurn({ ...turn(0), prompt: "And now?" }, 2),
    );
    const codex = {
      ...turn(0),
      session: "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee",
    };
    append(codexFile(home(), codex), codexTurn(codex));
    writeOpenCode(openCodeFile(home()), { ...turn(0), session: "ses_2" });
    for (const session of ["c2", codex.session, "ses_2"])
      await untilEvent(
        page,
        (event) =>
          event.event_type === "prompt_sent" && event.agent_id === session,
      );
    expect(prompts(await untilEvent(page, says("And now?")))).toHaveLength(6);
    const { code, stderr } = await running.signal("SIGINT");
    expect(code).toBe(0);
    expect(stderr.replaceAll(/Read(?:ing)? .*\n/g, "")).toBe("");
  });

  test("keeps what it knows for its owner only, and writes nowhere else", async () => {
    append(claudeFile(home(), turn(9)), claudeTurn(turn(9)));
    const before = await hashFolder(home());
    const running = watch();
    await served(running);
    const mode = (name?: string) => statSync(state(name)).mode & 0o777;
    expect(mode()).toBe(0o700);
    for (const name of [
      "watch.db",
      "watch.json",
      "watch.lock",
      "token",
      "ingest_token",
    ])
      expect([name, mode(name)]).toEqual([name, 0o600]);
    await running.signal("SIGTERM");
    const after = await hashFolder(home());
    const others = Object.entries(after).filter(
      ([path]) => !path.startsWith(".local/state/adw-scaffold/"),
    );
    expect(Object.fromEntries(others)).toEqual(before);
  });

  test("goes on where it was: nothing is read twice, also after kill -9", async () => {
    const file = claudeFile(home(), turn(9));
    append(file, claudeTurn(turn(9)));
    const first = watch();
    const before = await events(await served(first));
    await first.kill();
    append(file, claudeTurn(turn(5), 2));
    const second = watch();
    const page = await served(second);
    const found = await untilEvent(
      page,
      (event) =>
        prompts([event]).length > 0 && event.seq > (before.at(-1)?.seq ?? 0),
    );
    expect(found.slice(0, before.length)).toEqual(before);
    expect(prompts(found)).toHaveLength(2);
    // What one request used is known some seconds after its last line.
    const enough = 2 * CLAUDE_TURN_TOKENS.tokens_output;
    const deadline = Date.now() + 30_000;
    while (output(await events(page)) < enough && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 200));
    expect(output(await events(page))).toBe(enough);
    await second.signal("SIGTERM");
    const third = watch();
    expect(output(await events(await served(third)))).toBe(enough);
    expect(prompts(await events(await served(third)))).toHaveLength(2);
  });

  test("takes half a line when it is whole", async () => {
    const file = claudeFile(home(), turn(9));
    append(file, claudeTurn(turn(9)));
    const page = await served(watch());
    const text = claudeTurn({ ...turn(0), prompt: "In two parts" }, 2)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
    appendFileSync(file, text.slice(0, 50));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(prompts(await events(page))).toHaveLength(1);
    appendFileSync(file, text.slice(50));
    await untilEvent(page, says("In two parts"));
  });

  test("takes what hooks have put into the user's spool, before it and while it runs", async () => {
    const put = (name: string, prompt: string) => {
      for (const folder of ["spool/tmp", "spool/new"])
        mkdirSync(state(folder), { recursive: true, mode: 0o700 });
      const payload = {
        session_id: "h1",
        cwd: "/tmp/shop",
        hook_event_name: "UserPromptSubmit",
        prompt,
      };
      // As hooks do: what lies under new/ is whole.
      const draft = state(`spool/tmp/claude.${name}`);
      writeFileSync(draft, `${JSON.stringify(payload)}\n`);
      renameSync(draft, state(`spool/new/claude.${name}`));
    };
    put("1", "Before");
    const page = await served(watch());
    await untilEvent(page, says("Before"));
    put("2", "Meanwhile");
    const found = await untilEvent(page, says("Meanwhile"));
    expect(prompts(found)).toHaveLength(2);
  });

  test("a second one says where the first is, and opens its page when asked to", async () => {
    const first = watch();
    const { url, token } = await served(first);
    const { code, stdout, stderr } = await watch().ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      `error ALREADY_RUNNING it already runs (process ${first.child.pid}): ${url}/#token=${token}\n  → Open that page, or add --open. To end that one: Ctrl-C there.\n`,
    );
    const bin = join(home(), "bin");
    mkdirSync(bin);
    writeFileSync(
      join(bin, "xdg-open"),
      `#!/bin/sh\necho "$1" > "${home()}/opened"\n`,
    );
    chmodSync(join(bin, "xdg-open"), 0o755);
    const opening = await watch(["--open"], {
      PATH: `${bin}:${process.env["PATH"]}`,
    }).ended;
    expect(opening).toMatchObject({
      code: 0,
      stdout: `Open     ${url}/#token=${token}\nIt already runs (process ${first.child.pid}).\n`,
    });
    const opened = () => {
      try {
        return readFileSync(join(home(), "opened"), "utf8");
      } catch {
        return "";
      }
    };
    while (opened() === "")
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(opened()).toBe(`${url}/#token=${token}\n`);
    // What it has is what --once prints meanwhile.
    append(claudeFile(home(), turn(9)), claudeTurn(turn(9)));
    await untilEvent(
      { url, token },
      ({ event_type }) => event_type === "prompt_sent",
    );
    const once = await watch(["--once", "--json"]).ended;
    expect(JSON.parse(once.stdout).sessions).toMatchObject([
      { session_id: "c1" },
    ]);
  });

  test("one that was killed is not in the way of the next", async () => {
    const first = watch();
    await served(first);
    await first.kill();
    const second = watch();
    await served(second);
    expect((await second.signal("SIGINT")).code).toBe(0);
  });

  test("a port that was asked for and is taken is refused, another one is taken by itself", async () => {
    const first = watch();
    const { url } = await served(first);
    const other = { XDG_STATE_HOME: join(home(), "other") };
    const { port } = new URL(url);
    const { code, stderr } = await watch(["--port", port], other).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error SERVER_FAILED cannot listen on 127.0.0.1:${port}: the port is in use. Stop the other process, or choose another port.
  → For another port: --port <n>, or --port 0 for any free one.
`,
    );
  });

  test("says in a home without any agent where it looked, and shows the first that comes", async () => {
    const running = watch();
    const page = await served(running);
    expect(running.stdout()).toContain(
      `No session of a coding agent since 7d. Looked in:\n  Claude Code  ${home()}/.claude/projects (not there)\n`,
    );
    expect(running.stdout()).toContain(
      "Start one of them: it appears by itself.",
    );
    append(claudeFile(home(), turn(0)), claudeTurn(turn(0)));
    await untilEvent(page, ({ event_type }) => event_type === "prompt_sent");
  });

  test("--json says in one object where the page is", async () => {
    const running = watch(["--json", "--port", "0"]);
    const [line = ""] = await running.seen(/^.*\n/);
    expect(JSON.parse(line)).toMatchObject({
      command: "watch",
      page: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=/),
      database: state("watch.db"),
    });
    expect(dirname(state("watch.db"))).toBe(state().replace(/\/$/, ""));
  });
});
