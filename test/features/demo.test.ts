/** `adw-scaffold demo`: a fleet of agents in the project's own log, or in a scratch folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLI, runCli } from "../helpers/cli.ts";
import { REPOSITORY } from "../helpers/packed.ts";
import { endAllProcesses, start } from "../helpers/processes.ts";
import {
  scaffoldedProject,
  startAdwServer,
} from "../helpers/streaming-project.ts";
import {
  hashFolder,
  sharedTemporaryFolder,
} from "../helpers/temporary-folder.ts";

// Three processes a demo.
jest.setTimeout(240_000);

const folder = sharedTemporaryFolder();
const project = () => join(folder(), "project");
const COUNTS = /\nsent (\d+), received (\d+)\n$/;

const demo = (...parameters: string[]) =>
  runCli(["demo", ...parameters], project());

beforeAll(async () => {
  await runCli(
    [
      "init",
      "project",
      "--yes",
      "--no-install",
      "--modules",
      "adw_server,adw_logging",
    ],
    folder(),
  );
  await symlink(
    join(REPOSITORY, "node_modules"),
    join(project(), "node_modules"),
  );
});

afterEach(endAllProcesses);

test("plays into the project's own log, twice with the same seed, and renders nothing", async () => {
  const before = await codeOf(project());
  const options = ["--rate", "2000", "--seed", "3"];
  const first = await demo(...options);
  const second = await demo(...options);
  for (const { code, stdout, stderr } of [first, second]) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("The events go into this project's own log.\n");
    expect(stdout).toMatch(/^Open http:\/\/127\.0\.0\.1:\d+\/#token=\S+/m);
    expect(stdout).not.toContain("\u001b");
    const [, sent, received] = COUNTS.exec(stdout) ?? [];
    expect(Number(sent)).toBeGreaterThan(200);
    expect(received).toBe(sent);
    expect(stdout.match(/^ *\d+\.\ds {2}\S/gm)).toHaveLength(Number(sent));
    expect(stdout).toContain("Read src/");
  }
  // One seed, one story; the ids in the log are new ones every time.
  const [, count] = COUNTS.exec(first.stdout) ?? [];
  expect(COUNTS.exec(second.stdout)?.[1]).toBe(count);
  expect(await codeOf(project())).toEqual(before);
});

test("counts only its own events, on the server that runs, and leaves it running", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  const { port } = blocker.address() as AddressInfo;
  blocker.close();
  const file = join(project(), "adw.config.json");
  const config = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...config, websocket_port: port }));
  const scaffolded = await scaffoldedProject(project());
  const server = start(
    scaffolded.runner[0] ?? "node",
    [
      ...scaffolded.runner.slice(1),
      "adws/adw_server.ts",
      "--port",
      String(port),
    ],
    { cwd: project() },
  );
  await server.seen(/Open /);
  const workflow = join(project(), "adws/adw_workflow.ts");
  await writeFile(
    workflow,
    `import { logSystemEvent, withLogging } from "./adw_modules/adw_logging.ts";
await withLogging(async () => {
  for (let turn = 0; turn < 400; turn++) {
    logSystemEvent("other", "not of the demo", "info", { adw_id: "other" });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});
`,
  );
  const other = start(
    scaffolded.runner[0] ?? "node",
    [...scaffolded.runner.slice(1), workflow],
    { cwd: project() },
  );
  const { code, stdout, stderr } = await demo("--seconds", "2", "--rate", "60");
  await other.ended;
  await rm(workflow);
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`Open http://127.0.0.1:${port}/#token=`);
  expect(stdout).not.toContain("not of the demo");
  const [, sent, received] = COUNTS.exec(stdout) ?? [];
  expect(Number(sent)).toBeGreaterThan(20);
  expect(received).toBe(sent);
  expect(server.child.exitCode).toBeNull();
});

test("a server of another project on the port is not used", async () => {
  // It takes the same token, so only the stream tells the two apart.
  const token = "the-same-token-for-both";
  const other = join(folder(), "other");
  await runCli(
    ["init", "other", "--yes", "--no-install", "--modules", "adw_server"],
    folder(),
  );
  await symlink(join(REPOSITORY, "node_modules"), join(other, "node_modules"));
  const { url } = await startAdwServer({
    ...(await scaffoldedProject(other)),
    env: { ADW_TOKEN: token },
  });
  const port = new URL(url).port;
  const file = join(project(), "adw.config.json");
  const text = await readFile(file, "utf8");
  await writeFile(
    file,
    JSON.stringify({ ...JSON.parse(text), websocket_port: Number(port) }),
  );
  const { code, stdout, stderr } = await runCli(
    ["demo", "--seconds", "1", "--json"],
    project(),
    { ADW_TOKEN: token },
  );
  await writeFile(file, text);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { sent, received } = JSON.parse(stdout);
  expect(sent).toBeGreaterThan(0);
  expect(received).toBe(sent);
});

test("Ctrl-C ends the story, the counts are still said, and the server is gone", async () => {
  const running = start(process.execPath, [CLI, "demo", "--seconds", "0"], {
    cwd: project(),
  });
  const [, url = ""] = await running.seen(/Open (http:\S+)\/#/);
  await running.seen(/planner/);
  const { code, stdout } = await running.signal("SIGINT");
  expect(code).toBe(0);
  const [, sent, received] = COUNTS.exec(stdout) ?? [];
  expect(Number(sent)).toBeGreaterThan(0);
  expect(received).toBe(sent);
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

test("a second Ctrl-C ends it at once, with the server", async () => {
  const running = start(process.execPath, [CLI, "demo", "--seconds", "0"], {
    cwd: project(),
  });
  const [, url = ""] = await running.seen(/Open (http:\S+)\/#/);
  await running.seen(/planner/);
  running.child.kill("SIGINT");
  running.child.kill("SIGTERM");
  const { code } = await running.ended;
  expect([0, 130, 143]).toContain(code);
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

test("a reader that goes away ends the demo quietly", async () => {
  const child = spawn(
    process.execPath,
    [CLI, "demo", "--seconds", "0", "--rate", "100"],
    { cwd: project(), stdio: ["ignore", "pipe", "pipe"] },
  );
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  await once(child.stdout, "data");
  child.stdout.destroy();
  const [code] = await once(child, "close");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("a port in use: exit code 1 and what to do", async () => {
  const blocker = createServer((socket) => socket.destroy()).listen(
    0,
    "127.0.0.1",
  );
  await once(blocker, "listening");
  const { port } = blocker.address() as AddressInfo;
  const { code, stderr } = await demo("--port", String(port));
  blocker.close();
  expect(code).toBe(1);
  expect(stderr).toContain(
    `cannot listen on 127.0.0.1:${port}: the port is in use.`,
  );
  expect(stderr).toContain("To use another port: --port <n>.");
});

test.each([
  [["--second", "3"], "Did you mean --seconds?"],
  [
    ["--seconds", "soon"],
    '--seconds must be a number from 0 to 86400, not "soon"',
  ],
  [["--rate", "0"], '--rate must be a number from 0.1 to 86400, not "0"'],
])("%j is refused with exit code 2", async (parameters, message) => {
  const { code, stderr } = await demo(...parameters);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("packages that are not installed are named, with the command", async () => {
  const bare = join(folder(), "bare");
  await runCli(
    [
      "init",
      "bare",
      "--yes",
      "--no-install",
      "--modules",
      "adw_server,adw_logging",
    ],
    folder(),
  );
  const { code, stderr } = await runCli(["demo"], bare);
  expect(code).toBe(1);
  expect(stderr).toMatch(/not installed here: ws, .*zod/);
  expect(stderr).toContain("Install the dependencies first: npm i");
});

test("without a project it plays in a scratch folder, which goes again", async () => {
  const empty = join(folder(), "empty");
  await runCli(
    ["init", "empty", "--yes", "--no-install", "--modules", "adw_websockets"],
    folder(),
  );
  const before = await hashFolder(empty);
  const scratch = () =>
    readdirSync(tmpdir()).filter((name) => name.startsWith("adw-demo-"));
  const known = scratch();
  const { code, stdout, stderr } = await runCli(
    ["demo", "--rate", "2000"],
    empty,
  );
  expect({ code, stdout, stderr }).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(COUNTS),
  });
  expect(stderr).toContain("the demo plays in a scratch folder");
  expect(stdout).toContain("This is a scratch project");
  const [, sent, received] = COUNTS.exec(stdout) ?? [];
  expect(received).toBe(sent);
  expect(await hashFolder(empty)).toEqual(before);
  expect(scratch().filter((name) => !known.includes(name))).toEqual([]);
});

test("--help and --dry-run start nothing", async () => {
  const help = await demo("--help");
  expect(help.code).toBe(0);
  for (const option of ["--seconds", "--rate", "--seed", "--port"])
    expect(help.stdout).toContain(option);
  const dry = await demo("--dry-run");
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Would play into the log of \S+\.\n$/),
  });
  expect(existsSync(join(project(), "adws/adw_demo.ts"))).toBe(false);
});

/** Everything in the project but its data. */
async function codeOf(root: string): Promise<[string, string][]> {
  const hashes = Object.entries(await hashFolder(root));
  return hashes.filter(([path]) => !/\.adw_token|\.db/.test(path));
}
