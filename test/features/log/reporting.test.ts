/** Reports go to stderr, and stderr may be gone: nothing ends because of that. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  eventsOf,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { LOADER } from "../../helpers/program.ts";
import { copyRendered, renderedPath } from "../../helpers/rendered-modules.ts";

jest.setTimeout(120_000);

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Each ends with a word on what the program's exit code was. */
const BAD_PLACES = [
  ["a closed pipe", `{ "$@"; echo "code $?" >&3; } 2>&1 | head -c 0`],
  ["a disk that is full", `"$@" 2>/dev/full; echo "code $?" >&3`],
  ["closed", `"$@" 2>&-; echo "code $?" >&3`],
] as const;

test.each(BAD_PLACES)(
  "a workflow whose rows are refused goes on when stderr is %s",
  (_place, redirected) => {
    const path = temporaryPath();
    const script = join(dirname(path), "workflow.ts");
    writeFileSync(
      script,
      `const logging = await import(${JSON.stringify(renderedPath("adw_modules/adw_logging.ts"))});
       logging.initLogging({ path: ${JSON.stringify(path)} });
       for (let n = 0; n < 5; n += 1) {
         logging.logAgentEvent("nobody " + n, "tool_call", "refused");
         logging.logSystemEvent("x", "row " + n, "info", { n: n % 2 ? 1n : NaN });
         await logging.flushLogging();
         await new Promise((resolve) => setTimeout(resolve, 50));
       }
       await logging.closeLogging();`,
    );
    writeFileSync(join(dirname(path), "package.json"), '{"type":"module"}');
    const { output } = spawnSync(
      "sh",
      ["-c", redirected, "sh", process.execPath, ...LOADER, script],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe", "pipe"] },
    );
    expect(output[3]).toBe("code 0\n");
    const rows = eventsOf(openForTest(path)).filter(({ message }) =>
      message.startsWith("row"),
    );
    expect(rows).toHaveLength(5);
  },
);

test("a server whose stdout and stderr are a closed pipe serves on", async () => {
  const { adwsDir, remove } = copyRendered();
  const path = temporaryPath();
  const command = [process.execPath, ...LOADER, join(adwsDir, "adw_server.ts")]
    .map(quote)
    .join(" ");
  const child = spawn(
    "sh",
    // Its token is short, which it says on stderr before anything else.
    [
      "-c",
      `{ exec ${command} --port 0 --database ${quote(path)}; } 2>&1 | sleep 0; sleep 60`,
    ],
    {
      stdio: "ignore",
      detached: true,
      env: { PATH: process.env["PATH"], ADW_TOKEN: "short" },
    },
  );
  try {
    while (!existsSync(`${path}-wal`)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    // The server, as long as it runs, keeps its write-ahead log.
    expect(existsSync(`${path}-wal`)).toBe(true);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    await once(child, "close");
    remove();
  }
});
