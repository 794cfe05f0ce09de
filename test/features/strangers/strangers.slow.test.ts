/**
 * Real projects of strangers: whatever their own build, type check and lint said
 * before `init`, they say after it, and after `remove`, twice in a row each.
 */
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pack } from "../../helpers/packed.ts";
import {
  endAllProcesses,
  run,
  runOrThrow,
  strangersEnvironment,
  type ProcessResult,
} from "../../helpers/processes.ts";
import {
  greetingOf,
  scaffoldedProject,
  startAdwServer,
} from "../../helpers/streaming-project.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { HOSTS, type Host } from "./hosts.ts";

const MINUTE = 60_000;
jest.setTimeout(15 * MINUTE);

const folder = sharedTemporaryFolder();
const cli = () => join(folder(), "tool/node_modules/.bin/adw-scaffold");
const env = () => ({
  CI: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  YARN_ENABLE_IMMUTABLE_INSTALLS: "0",
  PATH: [
    join(folder(), "tool/node_modules/.bin"),
    strangersEnvironment()["PATH"],
  ].join(delimiter),
});

beforeAll(async () => {
  const { tarball } = await pack(folder());
  const tool = join(folder(), "tool");
  await mkdir(tool);
  await runOrThrow("npm", ["install", tarball, "@yarnpkg/cli-dist@4"], {
    cwd: tool,
  });
});

afterEach(endAllProcesses);

/** Makes the project and installs what it names. */
async function make(host: Host, index: number): Promise<string> {
  const root = join(folder(), `host-${index}`);
  const before = await readdir(folder());
  await host.make(root);
  // A generator chooses the name of its folder.
  const made = (await readdir(folder())).find((name) => !before.includes(name));
  if (made !== undefined && made !== `host-${index}`)
    await rename(join(folder(), made), root);
  const manifest = join(root, "package.json");
  const text = await readFile(manifest, "utf8");
  const { dependencies, devDependencies, ...rest } = JSON.parse(text);
  const whole = { ...rest };
  // An empty list would not be there in the first place.
  for (const [key, packages] of Object.entries({
    dependencies: { ...dependencies, ...host.dependencies },
    devDependencies: { ...devDependencies, ...host.devDependencies },
  }))
    if (Object.keys(packages).length > 0) whole[key] = packages;
  const indent = text.includes("\t") ? "\t" : 2;
  await writeFile(manifest, `${JSON.stringify(whole, null, indent)}\n`);
  await runOrThrow("git", ["init", "--quiet"], { cwd: root });
  await runOrThrow(
    host.plugAndPlay === true ? "yarn" : "npm",
    [
      "install",
      ...(host.plugAndPlay === true ? [] : ["--no-audit", "--no-fund"]),
    ],
    { cwd: root, env: env(), timeoutMs: 5 * MINUTE },
  );
  return root;
}

interface CheckResult {
  command: string;
  code: number | null;
  output: string;
}

/** What the project's own checks say, each run twice. */
async function checked(root: string, host: Host): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [command = "", ...parameters] of [
    ...host.checks,
    ...host.checks,
  ]) {
    const { code, stdout, stderr } = await run(command, parameters, {
      cwd: root,
      env: env(),
      timeoutMs: 5 * MINUTE,
    });
    results.push({
      command: [command, ...parameters].join(" "),
      code,
      output: withoutTimes(`${stdout}\n${stderr}`),
    });
  }
  return results;
}

/** Times differ from run to run; what a build made does not. */
function withoutTimes(output: string): string {
  return output
    .replaceAll(/\d+(?:\.\d+)?\s?(?:ms|s|μs|µs|min)\b/g, "<time>")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => !/<time>/.test(line) || /error|warning/i.test(line))
    .filter((line) => line !== "")
    .join("\n");
}

/** The files that are the owner's own. */
async function ownFiles(root: string): Promise<Record<string, string>> {
  const { stdout } = await runOrThrow(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard"],
    { cwd: root },
  );
  const files: Record<string, string> = {};
  for (const path of stdout.split("\n").filter((line) => line !== ""))
    files[path] = await readFile(join(root, path), "utf8");
  return files;
}

const scaffold = (root: string, ...parameters: string[]) =>
  run(process.execPath, [cli(), ...parameters, "--yes"], {
    cwd: root,
    env: env(),
    timeoutMs: 5 * MINUTE,
  });

/** What cannot serve there is said before anything is written, with the command that helps. */
function expectRefusal({ stderr }: ProcessResult, changed: string[]): void {
  expect(stderr).toMatch(/\b(?:npm|yarn|pnpm|bun) (?:i|install|add|up)\b/);
  expect(changed).toEqual([]);
}

const LOCKFILES = /^(?:package-lock\.json|yarn\.lock|\.pnp\..*|\.yarn\/.*)$/;

describe.each(HOSTS.map((host, index) => ({ ...host, index })))(
  "$name",
  (host) => {
    test("its own checks say the same after init and after remove", async () => {
      const root = await make(host, host.index);
      const before = await checked(root, host);
      const files = await ownFiles(root);

      // Nothing but a server, and Yarn's archives, needs the packages themselves.
      const flags =
        host.mayRefuse === true || host.plugAndPlay === true
          ? []
          : ["--no-install"];
      const init = await scaffold(root, "init", ...flags);
      const after = await ownFiles(root);
      const changed = Object.keys(after).filter(
        (path) => after[path] !== files[path],
      );
      if (host.mayRefuse === true && init.code !== 0) {
        expect(init.code).toBe(1);
        expectRefusal(init, changed);
        return;
      }
      expect({ code: init.code, stderr: init.stderr }).toEqual({
        code: 0,
        stderr: expect.any(String),
      });
      expect(await checked(root, host)).toEqual(before);
      if (host.mayRefuse === true) {
        const server = await startAdwServer(await scaffoldedProject(root));
        expect(await greetingOf(server)).toMatchObject({
          type: "connection_established",
        });
        await server.process.signal("SIGTERM");
      }

      const { modules } = JSON.parse(after["adw.config.json"] ?? "{}");
      expect(
        await scaffold(root, "remove", ...modules, ...flags),
      ).toMatchObject({
        code: 0,
      });
      const left = await ownFiles(root);
      const differs = Object.keys(files).filter(
        (path) => left[path] !== files[path] && !LOCKFILES.test(path),
      );
      expect(differs).toEqual([]);
      expect(await checked(root, host)).toEqual(before);
    });
  },
);
