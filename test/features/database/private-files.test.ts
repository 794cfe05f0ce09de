/** The database holds prompts: its files are the owner's only, whatever the umask. */
import {
  chmodSync,
  copyFileSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  addAgent,
  openForTest,
  temporaryPath,
} from "../../helpers/database.ts";
import { captureStderr } from "../../helpers/servers.ts";
import { sqlWriter } from "../../helpers/sqlite-writer.ts";

const umask = process.umask();
afterEach(() => process.umask(umask));

function modes(path: string): Record<string, string> {
  const folder = dirname(path);
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      name.replace(/\.backup-.*/, ".backup"),
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    ]),
  );
}

const PRIVATE = {
  "orchestrator.db": "600",
  "orchestrator.db-wal": "600",
  "orchestrator.db-shm": "600",
};

it.each([0o000, 0o022, 0o077])(
  "a new database, its -wal and -shm are 0600 under umask %o",
  (mask) => {
    process.umask(mask);
    const database = openForTest();
    addAgent(database);
    expect(modes(database.path)).toEqual(PRIVATE);
  },
);

it("so is the backup before a migration, made from a file that was open to others", () => {
  process.umask(0o022);
  const reports = captureStderr();
  const path = temporaryPath();
  writeFileSync(path, "", { mode: 0o644 });
  sqlWriter(path)(
    readFileSync(
      join(__dirname, "../../fixtures/database/older_generation.sql"),
      "utf8",
    ),
  );
  chmodSync(path, 0o644);
  openForTest(path);
  expect(modes(path)).toEqual({ ...PRIVATE, "orchestrator.db.backup": "600" });
  expect(reports.join("")).toContain(
    `${path}: could be read by other users of this machine; only the owner can now`,
  );
});

it("files that others can read are taken from them at the next opening, and it is said once", () => {
  const path = temporaryPath();
  const first = openForTest(path);
  addAgent(first);
  const backup = `${path}.backup-v0-x`;
  copyFileSync(path, backup);
  for (const file of [path, `${path}-wal`, `${path}-shm`, backup]) {
    chmodSync(file, 0o664);
  }
  const reports = captureStderr();
  openForTest(path);
  openForTest(path);
  expect(modes(path)).toEqual({ ...PRIVATE, "orchestrator.db.backup": "600" });
  expect(reports).toHaveLength(1);
});

it("a path that names a folder, or a file that is no database, leaves both as they were", () => {
  const file = temporaryPath();
  const folder = dirname(file);
  writeFileSync(file, "no database\n".repeat(100));
  chmodSync(file, 0o644);
  chmodSync(folder, 0o755);
  const reports = captureStderr();
  expect(() => openForTest(folder)).toThrow(/unable to open/);
  expect(() => openForTest(file)).toThrow(/not a database/);
  expect((statSync(folder).mode & 0o777).toString(8)).toBe("755");
  expect(modes(file)).toEqual({ "orchestrator.db": "644" });
  expect(reports).toEqual([]);
});
