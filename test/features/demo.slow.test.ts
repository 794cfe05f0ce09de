/** What the demo does beside other servers, without a project, and when it is cut short. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLI, runCli } from "../helpers/cli.ts";
import { COUNTS, demoProject } from "../helpers/demo-project.ts";
import { REPOSITORY } from "../helpers/packed.ts";
import { start } from "../helpers/processes.ts";
import {
  scaffoldedProject,
  startAdwServer,
} from "../helpers/streaming-project.ts";
import { hashFolder } from "../helpers/temporary-folder.ts";

// Three processes a demo.
jest.setTimeout(240_000);

const { folder, project, demo } = demoProject();

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
