/**
 * The product on every Node version that it promises to run on.
 *
 *   npm run test:matrix             Node 20, 22, 24 and 26
 *   npm run test:matrix -- 22 26    only these
 *
 * Each version is the newest that the npm package `node` has of it, installed
 * into build/nodes/ once; the running Node stands in for its own major version.
 * The last line counts the cells of the table: `N passed, N failed, N skipped`.
 */
import { mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { require as load } from "tsx/cjs/api";
import { localPrebuilds } from "./local-prebuilds.mjs";

// Spares the Node that is running a compilation of its SQLite driver.
Object.assign(process.env, localPrebuilds());

// The harness is the one of the test suites: TypeScript that jest takes for CommonJS.
const helper = (name) => load(`../test/helpers/${name}.ts`, import.meta.url);
const { endAllProcesses, runOrThrow, strangersEnvironment } =
  helper("processes");
const { nodeBinary, versionOf } = helper("node-versions");
const {
  GOOD_DATABASE,
  GOOD_STREAM,
  greetingOf,
  playDemo,
  probeDatabase,
  probeStream,
  scaffoldedProject,
  startAdwServer,
} = helper("streaming-project");

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { bin } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const cli = join(root, bin["adw-scaffold"]);
const ALL_MAJORS = ["20", "22", "24", "26"];
const INSTALL_MS = 300_000;

/** What is tried on each version, in order; each needs the ones before it. */
const STEPS = {
  cli: checkCli,
  install: installProject,
  server: checkServer,
  stream: checkStream,
  database: checkDatabase,
  demo: checkDemo,
};

const majors = process.argv.slice(2);
const unknown = majors.filter((major) => !ALL_MAJORS.includes(major));
if (unknown.length > 0) {
  console.error(
    `unknown version ${unknown.join(", ")}; there are ${ALL_MAJORS.join(", ")}`,
  );
  process.exit(2);
}
if (!existsSync(cli)) {
  console.error("dist/ is missing; run: npm run build");
  process.exit(2);
}

// Children have process groups of their own, which Ctrl-C does not reach.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    void endAllProcesses().finally(() => process.exit(1));
  });
}

const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];
for (const major of majors.length === 0 ? ALL_MAJORS : majors) {
  rows.push(await tryVersion(major));
}
printTable(rows);
console.log(
  `\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** One row: the version, and what came of each step. */
async function tryVersion(major) {
  const row = { major, version: "", runner: "", cells: {} };
  const folder = await realpath(await mkdtemp(join(tmpdir(), "adw-matrix-")));
  try {
    const node = await step(row, "node", () => nodeBinary(major, root));
    if (node !== undefined) {
      row.version = await versionOf(node);
      const env = {
        PATH: [dirname(node), strangersEnvironment().PATH].join(delimiter),
      };
      const place = { row, node, env, project: join(folder, "project") };
      await mkdir(place.project);
      for (const [name, attempt] of Object.entries(STEPS)) {
        await step(row, name, () => attempt(place));
      }
    }
  } finally {
    await endAllProcesses();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  return row;
}

/** Runs one cell; after a failure the rest of the row is skipped. */
async function step(row, name, attempt) {
  if (Object.values(row.cells).includes("FAILED")) {
    row.cells[name] = "skipped";
    total.skipped += 1;
    return undefined;
  }
  const started = Date.now();
  try {
    const result = await attempt();
    row.cells[name] = `${((Date.now() - started) / 1000).toFixed(1)} s`;
    total.passed += 1;
    return result ?? true;
  } catch (error) {
    console.error(
      `Node ${row.version || row.major}, ${name}: ${error.stack}\n`,
    );
    row.cells[name] = "FAILED";
    total.failed += 1;
    return undefined;
  }
}

/** `init`, `list` and `render`, by that Node. */
async function checkCli({ row, node, env, project }) {
  const command = (...parameters) =>
    runOrThrow(node, [cli, ...parameters], { cwd: project, env });
  await command("init", "--yes", "--no-install");
  expect((await command("init", "--yes", "--no-install")).stdout, /Up to date/);
  expect((await command("list")).stdout, /^installed +adw_websockets /m);
  const rendered = await command(
    "render",
    "adw_websockets",
    "--websocket-port",
    "9001",
  );
  expect(rendered.stdout, /^export const DEFAULT_PORT = 9001;$/m);

  const { runner } = await scaffoldedProject(project, { node });
  row.runner = runner.includes("tsx") ? "tsx" : "node";
  const [major, minor] = row.version.split(".").map(Number);
  const stripsTypes = major > 22 || (major === 22 && minor >= 18);
  expect(row.runner, stripsTypes ? /^node$/ : /^tsx$/);
}

async function installProject({ env, project }) {
  await runOrThrow("npm", ["install"], {
    cwd: project,
    env,
    timeoutMs: INSTALL_MS,
  });
}

/** The server starts, greets a client that has the token, and ends with 0. */
async function checkServer({ node, env, project }) {
  const server = await startAdwServer(
    await scaffoldedProject(project, { node, env }),
  );
  const { type } = await greetingOf(server);
  expect(type, /^connection_established$/);
  const { code, stderr } = await server.process.signal("SIGTERM");
  expect(String(code), /^0$/);
  // Nothing experimental, nothing deprecated.
  expect(stderr, /^$/);
}

/** Events arrive live, after a resume, and at the rendered client. */
async function checkStream({ row, node, env, project }) {
  const scaffolded = await scaffoldedProject(project, { node, env });
  const { node: version, ...report } = await probeStream(scaffolded, root);
  expect(version, new RegExp(`^${row.version.replaceAll(".", "\\.")}$`));
  expectReport(report, GOOD_STREAM);
}

/** The driver of that version: migrations, logging, queries, events, retention. */
async function checkDatabase({ node, env, project }) {
  const scaffolded = await scaffoldedProject(project, { node, env });
  expectReport(await probeDatabase(scaffolded, root), GOOD_DATABASE);
}

async function checkDemo({ node, env, project }) {
  const { code, sent, received, stderr } = await playDemo(
    await scaffoldedProject(project, { node, env }),
    2,
  );
  if (code !== 0 || !(sent > 0) || sent !== received) {
    throw new Error(
      `exit code ${code}, sent ${sent}, received ${received}\n${stderr}`,
    );
  }
}

function expectReport(report, good) {
  if (isDeepStrictEqual(report, good)) return;
  throw new Error(`the probe saw\n${JSON.stringify(report, null, 2)}`);
}

function expect(text, pattern) {
  if (!pattern.test(text)) throw new Error(`expected ${pattern} in:\n${text}`);
}

function printTable(rows) {
  const columns = ["version", "runs with", "node", ...Object.keys(STEPS)];
  const lines = [
    columns,
    ...rows.map(({ major, version, runner, cells }) => [
      version || major,
      runner,
      ...columns.slice(2).map((name) => cells[name] ?? ""),
    ]),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => line[index].length)),
  );
  console.log("");
  for (const line of lines) {
    console.log(
      line
        .map((cell, index) => cell.padEnd(widths[index]))
        .join("  ")
        .trimEnd(),
    );
  }
}
