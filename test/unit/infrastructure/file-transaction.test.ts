import { spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  readFile,
  rename,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { absolutePath, projectPath } from "../../../src/domain/paths.ts";
import {
  applyTransaction,
  hasPendingTransaction,
  recoverTransaction,
} from "../../../src/infrastructure/file-transaction.ts";
import {
  snapshotFolder,
  temporaryFolder,
} from "../../helpers/temporary-folder.ts";

const place = temporaryFolder();
const folder = () => absolutePath(place());
const write = (
  path: string,
  content: string,
  previous: string | null = null,
) => ({
  path: projectPath(path),
  content,
  previous,
});

/** The pid of a process that is certainly gone. */
function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

test("writes, replaces and deletes, and leaves nothing else behind", async () => {
  await writeFile(join(folder(), "old.txt"), "old");
  await mkdir(join(folder(), "gone"));
  await writeFile(join(folder(), "gone/x.txt"), "x");
  await applyTransaction(folder(), [
    write("a/b/new.txt", "new"),
    write("old.txt", "newer", "old"),
    { path: projectPath("gone/x.txt"), content: null, previous: "x" },
  ]);
  expect(await snapshotFolder(folder())).toEqual({
    "a/": "",
    "a/b/": "",
    "a/b/new.txt": "new",
    "old.txt": "newer",
  });
});

test("keeps the mode of a file that it replaces", async () => {
  const file = join(folder(), "run.sh");
  await writeFile(file, "old");
  await chmod(file, 0o755);
  await applyTransaction(folder(), [write("run.sh", "new", "old")]);
  const { stdout } = spawnSync("stat", ["-c", "%a", file]);
  expect(String(stdout).trim()).toBe("755");
});

test("a file that changed since the plan stops everything", async () => {
  await writeFile(join(folder(), "a.txt"), "edited meanwhile");
  const before = await snapshotFolder(folder());
  await expect(
    applyTransaction(folder(), [
      write("new.txt", "x"),
      write("a.txt", "y", "planned"),
    ]),
  ).rejects.toMatchObject({ code: "CHANGED_MEANWHILE", exitCode: 1 });
  expect(await snapshotFolder(folder())).toEqual(before);
});

test("a failure half way rolls everything back", async () => {
  await writeFile(join(folder(), "first.txt"), "first");
  await writeFile(join(folder(), "blocker"), "a file where a folder is needed");
  const before = await snapshotFolder(folder());
  await expect(
    applyTransaction(folder(), [
      write("first.txt", "changed", "first"),
      write("deep/new.txt", "new"),
      write("blocker/x.txt", "x"),
    ]),
  ).rejects.toMatchObject({ code: "PATH_NOT_DIRECTORY" });
  expect(await snapshotFolder(folder())).toEqual(before);
});

test.each([
  "../x",
  "/etc/x",
  "a/../../x",
  ".git/hooks/x",
  "node_modules/x",
  "a\\b",
  "",
  "a//b",
  "NODE_MODULES/x",
  ".GIT/x",
])("refuses to write to %j", (path) => {
  expect(() => projectPath(path)).toThrow(
    expect.objectContaining({ code: "PATH_OUTSIDE", exitCode: 2 }),
  );
});

test("refuses to write through a symbolic link", async () => {
  await mkdir(join(folder(), "project"));
  await mkdir(join(folder(), "elsewhere"));
  await symlink("../elsewhere", join(folder(), "project/adws"));
  await expect(
    applyTransaction(absolutePath(join(folder(), "project")), [
      write("adws/x.ts", "x"),
    ]),
  ).rejects.toMatchObject({ code: "PATH_SYMLINK", exitCode: 2 });
  expect(await snapshotFolder(join(folder(), "elsewhere"))).toEqual({});
});

describe("after a kill", () => {
  const transaction = () => join(folder(), ".adw-scaffold-transaction");

  /** What a process that dies between commit and the last rename leaves. */
  async function leaveCommitted(rollback: boolean): Promise<void> {
    await writeFile(join(folder(), "kept.txt"), "old");
    await mkdir(join(transaction(), "new"), { recursive: true });
    await mkdir(join(transaction(), "old"));
    await writeFile(join(transaction(), "new/1"), "fresh");
    await writeFile(join(transaction(), "old/0"), "old");
    await writeFile(
      join(transaction(), "journal.json"),
      JSON.stringify({
        pid: deadPid(),
        entries: [
          { path: "kept.txt", kind: "write", existed: true },
          { path: "sub/fresh.txt", kind: "write", existed: false },
        ],
        newDirectories: ["sub"],
      }),
    );
    // The first rename has happened: new/0 is gone, kept.txt is new.
    await writeFile(join(folder(), "kept.txt"), "new");
    if (rollback) await writeFile(join(transaction(), "rollback"), "");
  }

  test("a committed transaction is completed", async () => {
    await leaveCommitted(false);
    expect(await hasPendingTransaction(folder())).toBe(true);
    expect(await recoverTransaction(folder())).toBe("completed");
    expect(await snapshotFolder(folder())).toEqual({
      "kept.txt": "new",
      "sub/": "",
      "sub/fresh.txt": "fresh",
    });
  });

  test("a roll back that had begun is finished", async () => {
    await leaveCommitted(true);
    expect(await recoverTransaction(folder())).toBe("rolled-back");
    expect(await snapshotFolder(folder())).toEqual({ "kept.txt": "old" });
  });

  test("staging that never reached its commit point is removed", async () => {
    await mkdir(join(folder(), `.adw-scaffold-staging-${deadPid()}-abc`));
    expect(await recoverTransaction(folder())).toBe("nothing");
    expect(await snapshotFolder(folder())).toEqual({});
  });

  test("a living process keeps its transaction", async () => {
    await leaveCommitted(false);
    const journal = join(transaction(), "journal.json");
    const text = await readFile(journal, "utf8");
    await writeFile(
      journal,
      text.replace(/"pid":\d+/, `"pid":${process.ppid}`),
    );
    await expect(recoverTransaction(folder())).rejects.toMatchObject({
      code: "TRANSACTION_BUSY",
    });
    await expect(
      applyTransaction(folder(), [write("other.txt", "x")]),
    ).rejects.toMatchObject({ code: "TRANSACTION_BUSY" });
  });

  test("a journal that cannot be read is left for the owner to see", async () => {
    await leaveCommitted(false);
    await writeFile(join(transaction(), "journal.json"), "{");
    await expect(recoverTransaction(folder())).rejects.toMatchObject({
      code: "TRANSACTION_BROKEN",
    });
    await rename(transaction(), join(folder(), "aside"));
  });

  test("a journal cannot point outside the project", async () => {
    await mkdir(join(folder(), "project/.adw-scaffold-transaction/new"), {
      recursive: true,
    });
    await writeFile(
      join(folder(), "project/.adw-scaffold-transaction/journal.json"),
      JSON.stringify({
        pid: deadPid(),
        entries: [{ path: "../stolen.txt", kind: "write", existed: false }],
        newDirectories: ["../x"],
      }),
    );
    await writeFile(
      join(folder(), "project/.adw-scaffold-transaction/new/0"),
      "x",
    );
    await expect(
      recoverTransaction(absolutePath(join(folder(), "project"))),
    ).rejects.toMatchObject({
      code: "TRANSACTION_BROKEN",
    });
    expect(Object.keys(await snapshotFolder(folder()))).not.toContain(
      "stolen.txt",
    );
  });
});
