/**
 * Real projects of strangers: whatever their own build, type check and lint said
 * before `init`, they say after it, twice in a row, and after `remove`.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { nodeBinary } from "../../helpers/node-versions.ts";
import { pack, REPOSITORY } from "../../helpers/packed.ts";
import {
  endAllProcesses,
  run,
  runOrThrow,
  strangersEnvironment,
} from "../../helpers/processes.ts";
import {
  greetingOf,
  scaffoldedProject,
  startAdwServer,
} from "../../helpers/streaming-project.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { HOSTS, type Host } from "./hosts.ts";
import { describeWithRegistry, installed, QUICKLY, share } from "./packages.ts";

const MINUTE = 60_000;
jest.setTimeout(110 * MINUTE);

const folder = sharedTemporaryFolder();
const YARN = { "@yarnpkg/cli-dist": "^4.0.0" };

/** A stranger's project, and how its owner runs something in it. */
interface Project {
  root: string;
  host: Host;
  env: NodeJS.ProcessEnv;
}

/** Makes the project and installs what it names. */
async function make(host: Host, root: string): Promise<Project> {
  await host.make(root);
  await nameDependencies(host, join(root, "package.json"));
  await runOrThrow("git", ["init", "--quiet"], { cwd: root });
  const node = host.node ?? process.versions.node.split(".", 1).join("");
  const env = {
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    YARN_ENABLE_IMMUTABLE_INSTALLS: "0",
    YARN_ENABLE_TELEMETRY: "0",
    PATH: [
      join(root, "node_modules/.bin"),
      dirname(await nodeBinary(node, REPOSITORY)),
      ...(host.plugAndPlay === true
        ? [join(await installed(YARN), "node_modules/.bin")]
        : []),
      strangersEnvironment()["PATH"],
    ].join(delimiter),
  };
  if (host.shared !== undefined) await share(host.shared, root);
  else {
    await runOrThrow(
      host.plugAndPlay === true ? "yarn" : "npm",
      ["install", ...(host.plugAndPlay === true ? [] : QUICKLY)],
      { cwd: root, env, timeoutMs: 10 * MINUTE },
    );
  }
  return { root, host, env };
}

/** Adds what the host names; an empty list would not be there in the first place. */
async function nameDependencies(host: Host, manifest: string): Promise<void> {
  const text = await readFile(manifest, "utf8");
  const { dependencies, devDependencies, ...rest } = JSON.parse(text);
  const whole = { ...rest };
  for (const [key, packages] of Object.entries({
    dependencies: { ...dependencies, ...host.dependencies },
    devDependencies: { ...devDependencies, ...host.devDependencies },
  }))
    if (Object.keys(packages).length > 0) whole[key] = packages;
  const indent = text.includes("\t") ? "\t" : 2;
  await writeFile(manifest, `${JSON.stringify(whole, null, indent)}\n`);
}

/** Checks that write files, which their next run finds there. */
const WRITES = /\btsc\b|\bbuild\b/;

interface CheckResult {
  command: string;
  code: number | null;
  output: string;
}

/** What the project's own checks say, or those of them that match. */
async function checked(
  { root, host, env }: Project,
  which = /./,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of host.checks) {
    const [command = "", ...parameters] = check;
    if (!which.test(check.join(" "))) continue;
    const { code, stdout, stderr } = await run(command, parameters, {
      cwd: root,
      env,
      timeoutMs: 10 * MINUTE,
    });
    const isMade = code === 0 && WRITES.test(check.join(" "));
    results.push({
      command: check.join(" "),
      code,
      output: findings(`${stdout}\n${stderr}`, isMade),
    });
  }
  return results;
}

/** What a check found: times, and how a build that succeeds goes, differ from run to run. */
function findings(output: string, isMade: boolean): string {
  return output
    .replaceAll(/\d+(?:\.\d+)?\s?(?:ms|s|μs|µs|min)\b/g, "<time>")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .filter(
      (line) =>
        /\b(?:error|warning)/i.test(line) ||
        !(isMade || line.includes("<time>")),
    )
    .join("\n");
}

const LOCKFILES = /^(?:package-lock\.json|yarn\.lock|\.pnp\..*|\.yarn\/.*)$/;

/** The files that are the owner's own, and what git does not ignore. */
async function ownFiles({ root }: Project): Promise<Record<string, string>> {
  const { stdout } = await runOrThrow(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard"],
    { cwd: root },
  );
  const files: Record<string, string> = {};
  for (const path of stdout.split("\n"))
    if (path !== "" && !LOCKFILES.test(path))
      files[path] = await readFile(join(root, path), "utf8");
  return files;
}

const scaffold = ({ root, env }: Project, ...parameters: string[]) =>
  run(
    "node",
    [
      join(folder(), "tool/node_modules/adw-scaffold/dist/cli.js"),
      ...parameters,
    ],
    { cwd: root, env, timeoutMs: 10 * MINUTE },
  );

/** The server that was installed starts, greets a client, and `doctor` is content. */
async function expectServer(project: Project): Promise<void> {
  const { root, host, env } = project;
  const server = await startAdwServer(
    {
      ...(await scaffoldedProject(root, { node: "node" })),
      env,
    },
    host.plugAndPlay === true ? ["yarn", "adw:server"] : undefined,
  );
  try {
    expect(await greetingOf(server)).toMatchObject({
      type: "connection_established",
    });
  } finally {
    await server.process.kill();
  }
  expect(await scaffold(project, "doctor", "--live")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Healthy/),
  });
}

/** Where the package manager builds nothing unasked, init says what builds it. */
const BUILD_STEP = /^ {2}(\S.+?) {2,}let \w+ build /m;

describeWithRegistry()("projects of strangers", () => {
  beforeAll(async () => {
    const { tarball } = await pack(folder());
    const tool = join(folder(), "tool");
    await mkdir(tool);
    await runOrThrow("npm", ["install", ...QUICKLY, tarball], { cwd: tool });
  });
  afterEach(endAllProcesses);

  const rows = HOSTS.map((host, index) => ({ ...host, index }));

  test.each(rows.filter(({ refuses }) => refuses !== true))(
    "$name: its own checks say the same after init and after remove",
    async (host) => {
      const project = await make(host, join(folder(), `host-${host.index}`));
      const before = await checked(project);
      const files = await ownFiles(project);

      // Nothing but a server, and Yarn's archives, needs the packages themselves.
      const flags =
        host.serves === true ? ["--yes"] : ["--yes", "--no-install"];
      const settings = host.settings ?? [];
      const init = await scaffold(project, "init", ...flags, ...settings);
      expect(init).toMatchObject({ code: 0 });
      const [, build] = BUILD_STEP.exec(init.stdout) ?? [];
      if (build !== undefined)
        await runOrThrow("sh", ["-c", build], {
          cwd: project.root,
          env: project.env,
          timeoutMs: 10 * MINUTE,
        });
      expect(await checked(project)).toEqual(before);
      expect(await checked(project, WRITES)).toEqual(
        before.filter(({ command }) => WRITES.test(command)),
      );
      if (host.serves === true) await expectServer(project);

      const config = await readFile(
        join(project.root, "adw.config.json"),
        "utf8",
      );
      const { modules } = JSON.parse(config);
      const remove = await scaffold(project, "remove", ...modules, ...flags);
      expect(remove).toMatchObject({ code: 0 });
      // What people wrote meanwhile, and the database, may stay; what was is as it was.
      expect(await ownFiles(project)).toMatchObject(files);
      expect(await checked(project)).toEqual(before);
    },
  );

  test.each(rows.filter(({ refuses }) => refuses === true))(
    "$name: init refuses before anything is written, and says what helps",
    async (host) => {
      const project = await make(host, join(folder(), `host-${host.index}`));
      const files = await ownFiles(project);
      expect(await scaffold(project, "init", "--yes")).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/\bnpm (?:i|install) /),
      });
      expect(await ownFiles(project)).toEqual(files);
    },
  );
});
