/** `adw-scaffold demo`: a fleet of agents in the project's own log, or in a scratch folder. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { CLI, runCli } from "../helpers/cli.ts";
import { COUNTS, demoProject } from "../helpers/demo-project.ts";
import { start } from "../helpers/processes.ts";
import { hashFolder } from "../helpers/temporary-folder.ts";

// Three processes a demo.
jest.setTimeout(240_000);

const { folder, project, demo } = demoProject();

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
  return hashes.filter(([path]) => !/\.adw_|\.db/.test(path));
}
