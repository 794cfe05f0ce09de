/** adw.lock.json as a reviewer, an editor and another program see it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { createHash } from "node:crypto";
import { z } from "zod";
import { REPOSITORY } from "../../helpers/packed.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { TEMPLATE, freshProject } from "../../helpers/template-project.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const FILE = "adws/greeting.ts";
const project = freshProject(folder);

const text = () => project.read("adw.lock.json");

test("holds the version and inputs of a module, the digest and the text of a file", async () => {
  const lock = JSON.parse(await text());
  expect(lock.modules.greeting).toEqual({
    version: "1.0.0",
    templates: expect.stringMatching(/^[0-9a-f]{16}$/),
    inputs: { project_name: "demo" },
  });
  const { sha256, base, ...rest } = lock.files[FILE];
  expect(rest).toEqual({ module: "greeting", source: FILE });
  const written = await project.read(FILE);
  expect(sha256).toBe(createHash("sha256").update(written).digest("hex"));
  expect(inflateRawSync(Buffer.from(base, "base64")).toString()).toBe(written);
});

test("is what the JSON Schema in the package says", async () => {
  const schema = z.fromJSONSchema(
    JSON.parse(
      await readFile(join(REPOSITORY, "dist/adw.lock.schema.json"), "utf8"),
    ),
  );
  const lock = JSON.parse(await text());
  expect(schema.safeParse(lock)).toMatchObject({ success: true });
  for (const broken of [
    { ...lock, lockfile_version: 2 },
    { ...lock, files: { [FILE]: { ...lock.files[FILE], sha256: "short" } } },
    { ...lock, modules: undefined },
  ])
    expect(schema.safeParse(broken)).toMatchObject({ success: false });
});

test("a new template changes the lines of its own file and module, and no other", async () => {
  const before = (await text()).split("\n");
  await project.edit(TEMPLATE, "ONE = 1", "ONE = 11");
  await project.done("update");
  const after = (await text()).split("\n");
  expect(after).toHaveLength(before.length);
  const changed = after.flatMap((line, index) =>
    line === before[index] ? [] : [line.trim().split(":")[0]],
  );
  expect(changed.toSorted()).toEqual(['"base"', '"sha256"', '"templates"']);
});

test("another run writes the same text", async () => {
  const before = await text();
  await project.done("init", "--yes");
  await project.done("add", "greeting");
  expect(await text()).toBe(before);
});
