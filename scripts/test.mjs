/**
 * Everything that must hold, in one command.
 *
 *   npm test            build, lint, format, types, template lint, and every quick suite
 *   npm run test:all    the same, the slow suites, and the matrix over Node versions
 *   npm run test:strangers   only real projects of other tools (part of test:all)
 *   npm run test:all -- --after-test   only what `npm test` has just left out
 *
 * The last line counts over all suites: `N passed, N failed, N skipped`.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { localPrebuilds } from "./local-prebuilds.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const countsFile = join(root, "build/test-counts.json");
const all = process.argv.includes("--all");
const afterTest = process.argv.includes("--after-test");
const total = { passed: 0, failed: 0, skipped: 0 };

/**
 * Runs one check; it counts as one test. Its output comes in one piece, among that of the
 * suites: it takes what they leave of the processors.
 */
async function check(title, command, ...parameters) {
  const started = Date.now();
  const child = spawn(command, parameters, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  const { PRIORITY_BELOW_NORMAL } = constants.priority;
  if (child.pid !== undefined)
    setPriority(child.pid, Math.max(getPriority(), PRIORITY_BELOW_NORMAL));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  const good = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += `${error.message}\n`;
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(
    `\n── ${title}\n${output}${good ? "passed" : "FAILED"}: ${title} (${seconds} s)`,
  );
  total[good ? "passed" : "failed"] += 1;
  return good;
}

/** Runs jest and adds its counts. */
async function jest(title, environment, ...parameters) {
  console.log(`\n── ${title}`);
  const outputFile = join(
    root,
    "build",
    `jest-${environment.ADW_TEST_SLOW ?? "0"}.json`,
  );
  rmSync(outputFile, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(root, "node_modules/jest/bin/jest.js"),
      "--ci",
      "--json",
      `--outputFile=${outputFile}`,
      ...parameters,
    ],
    {
      cwd: root,
      // With --json, jest prints its report on stdout too; people read stderr.
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        ...localPrebuilds(),
        ...environment,
      },
    },
  );
  const [status] = await once(child, "close");
  if (!existsSync(outputFile)) {
    total.failed += 1;
    return;
  }
  const report = JSON.parse(readFileSync(outputFile, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  total.skipped += report.numPendingTests + report.numTodoTests;
  if (
    status !== 0 &&
    report.numFailedTests + report.numRuntimeErrorTestSuites === 0
  ) {
    total.failed += 1;
  }
}

/** Runs a script that ends with a line of counts, and adds them. */
function counted(title, script) {
  console.log(`\n── ${title}`);
  const { status, stdout } = spawnSync(process.execPath, [script], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  process.stdout.write(stdout);
  const counts = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(stdout);
  const [passed = 0, failed = 0, skipped = 0] =
    counts?.slice(1).map(Number) ?? [];
  total.passed += passed;
  total.failed += status !== 0 && failed === 0 ? 1 : failed;
  total.skipped += skipped;
}

mkdirSync(join(root, "build"), { recursive: true });
const bin = (name) => join(root, "node_modules/.bin", name);

if (process.argv.includes("--strangers")) {
  await check("build", process.execPath, "scripts/build.mjs");
  await jest(
    "projects of strangers",
    { ADW_TEST_SLOW: "1" },
    "--runInBand",
    "test/features/strangers",
  );
} else if (afterTest && existsSync(countsFile)) {
  Object.assign(total, JSON.parse(readFileSync(countsFile, "utf8")));
} else {
  const script = (title, name, ...parameters) =>
    check(title, process.execPath, `scripts/${name}.mjs`, ...parameters);
  const built =
    (await script("build", "build")) &&
    (await script("render", "render-samples"));
  if (built) {
    const folders = ["src", "test", "scripts", "bench", "dashboard"];
    const suites = jest("unit, snapshot, live-socket and end-to-end tests", {});
    // One after the other: the suites have the processors.
    await check("types", bin("tsc"), "--noEmit");
    await check("types of the dashboard", bin("tsc"), "-p", "dashboard");
    await check(
      "lint",
      bin("oxlint"),
      "--type-aware",
      "--deny-warnings",
      ...folders,
    );
    await script("template lint", "lint-templates");
    await script("documents", "docs", "--check");
    await check(
      "format",
      bin("prettier"),
      "--check",
      "--log-level",
      "warn",
      ".",
    );
    await suites;
  }
  writeFileSync(countsFile, JSON.stringify(total));
}
if (all && total.failed === 0) {
  const slow = { ADW_TEST_SLOW: "1" };
  // What measures time or memory has the machine for itself.
  const measuring =
    "(performance|latency|bench|byte_budget|slow-disk|server)\\.slow\\.test";
  await jest(
    "slow tests",
    slow,
    "--testPathIgnorePatterns",
    "/node_modules/",
    measuring,
  );
  await jest("slow tests that measure", slow, "--runInBand", measuring);
  counted("Node 20, 22, 24 and 26", "scripts/test-matrix.mjs");
}

console.log(
  `\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
