import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSettings } from "../../../src/infrastructure/settings-files.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder(), name);

it("changes all of the files, or none", async () => {
  await writeFile(at("first"), "one");
  await chmod(at("first"), 0o600);
  await writeFile(at("second"), "two");
  // That it is there twice stands for a file that goes in this very moment.
  const failing = writeSettings([
    { path: at("first"), before: "one", after: "ONE" },
    { path: at("new/third"), before: null, after: "three" },
    { path: at("second"), before: "two", after: null },
    { path: at("second"), before: "two", after: null },
  ]);
  await expect(failing).rejects.toHaveProperty("code");
  expect((await readdir(folder())).toSorted()).toEqual(["first", "second"]);
  expect(await readFile(at("first"), "utf8")).toBe("one");
  expect((await stat(at("first"))).mode & 0o777).toBe(0o600);
  expect(await readFile(at("second"), "utf8")).toBe("two");
});

it("leaves nothing beside the files, and a mode as it was", async () => {
  await writeFile(at("first"), "one");
  await chmod(at("first"), 0o640);
  await writeFile(at("second"), "two");
  await writeSettings([
    { path: at("first"), before: "one", after: "ONE" },
    { path: at("second"), before: "two", after: null },
  ]);
  expect(await readdir(folder())).toEqual(["first"]);
  expect((await stat(at("first"))).mode & 0o777).toBe(0o640);
});
