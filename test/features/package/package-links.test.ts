/** Whoever reads the README or the documents from the package finds what they link to. */
import { readFile } from "node:fs/promises";

import { join, posix } from "node:path";
import { REPOSITORY, pack } from "../../helpers/packed.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = sharedTemporaryFolder();

/** Targets of Markdown links and pictures, and of HTML attributes. */
const TARGETS = /\]\(([^)\s]+)[^)]*\)|(?:src|srcset|href)="([^"\s]+)"/g;

test("every link and picture of the README and the documents is in the tarball", async () => {
  const { files } = await pack(folder());
  const documents = files.filter((path) => path.endsWith(".md"));
  expect(documents).toContain("README.md");
  const dead: string[] = [];
  for (const document of documents) {
    const text = await readFile(join(REPOSITORY, document), "utf8");
    for (const [, markdown, html] of text.matchAll(TARGETS)) {
      const target = (markdown ?? html ?? "").split("#")[0] ?? "";
      if (target === "" || /^[a-z]+:/.test(target)) continue;
      const path = posix.join(posix.dirname(document), target);
      if (!files.includes(path)) dead.push(`${document}: ${target}`);
    }
  }
  expect(dead).toEqual([]);
});
