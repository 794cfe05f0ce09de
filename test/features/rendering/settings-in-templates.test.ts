/** A setting reaches everything that is rendered: the code and the examples in its comments. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { listModules, renderModule } from "../../../src/index.ts";
import { renderMatrix } from "../../../src/testing.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const modules = listModules().map(({ name }) => name);

/** Rendered for editors: it tells the defaults, whatever this project has. */
const JSON_SCHEMA = /adw\.config\.schema\.json$/;

/** The paths of rendered files whose text matches. */
async function renderedWith(
  config: object,
  pattern: RegExp,
): Promise<string[]> {
  const all = await Promise.all(
    modules.map((name) => renderModule(name, config)),
  );
  const found = all
    .flatMap(({ files }) => files)
    .filter(
      ({ path, content }) => !JSON_SCHEMA.test(path) && pattern.test(content),
    )
    .map(({ path }) => path);
  return [...new Set(found)];
}

test("websocket_port 9001 leaves 8765 nowhere, not even in a usage example", async () => {
  const { files } = await renderModule("adw_websockets", {
    websocket_port: 9001,
  });
  expect(files[0]?.content).toContain("startServer({ port: 9001");
  expect(await renderedWith({ websocket_port: 9001 }, /8765/)).toEqual([]);
});

test("another adws_dir leaves adws/ nowhere", async () => {
  expect(
    await renderedWith({ adws_dir: "tools/workflows" }, /(?<![\w/])adws\//),
  ).toEqual([]);
});

test("every bundled template reaches a setting as config.<key>", async () => {
  const root = join(__dirname, "../../../templates");
  const schema = join(__dirname, "../../../dist/adw.config.schema.json");
  const keys = Object.keys(
    JSON.parse(await readFile(schema, "utf8")).properties,
  );
  expect(keys).toContain("websocket_port");
  const bare = new RegExp(
    String.raw`<[<%]-?\s*(?:if |elif )?(?:${keys.join("|")})\b`,
  );
  const wrong: string[] = [];
  for (const path of await readdir(root, { recursive: true })) {
    if (!path.endsWith(".njk")) continue;
    if (bare.test(await readFile(join(root, path), "utf8"))) wrong.push(path);
  }
  expect(wrong).toEqual([]);
});

describe("a template of the user's own", () => {
  const options = () => ({ root: folder(), templatesDir: "own" });

  const write = async (path: string, text: string) => {
    const file = join(folder(), "own", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };

  beforeEach(() =>
    write(
      "manifest.json",
      JSON.stringify({
        modules: [
          {
            name: "team",
            version: "1.0.0",
            summary: "Ours",
            files: ["adws/team.ts"],
          },
        ],
      }),
    ),
  );

  test("takes config.<key>", async () => {
    await write(
      "adws/team.ts.njk",
      "export const PORT = << config.websocket_port | literal >>;\n",
    );
    const { other } = await renderMatrix(
      "team",
      { other: { websocket_port: 9001 } },
      options(),
    );
    expect(other?.files[0]?.content).toBe("export const PORT = 9001;\n");
  });

  test("with a key that there is not is refused with file and line", async () => {
    await write(
      "adws/team.ts.njk",
      "\nconst a = << config.websocket_prot | literal >>;\n",
    );
    await expect(
      renderMatrix("team", { other: {} }, options()),
    ).rejects.toMatchObject({
      code: "TEMPLATE_INVALID",
      message: '"config.websocket_prot" does not exist in the context',
      where: { file: "own/adws/team.ts.njk", line: 2 },
    });
  });

  test.each([
    ["{{ config.websocket_port }}", 2],
    ["{{config.websocket_port}}", 2],
    ["{% if config.websocket_port %}", 2],
    ["{# a note #}", 2],
    ["{{ x }}", 2],
  ])(
    "with %s, which is Nunjucks' usual syntax, is refused with file and line",
    async (tag, line) => {
      await write("adws/team.ts.njk", `\n// ${tag}\n`);
      await expect(
        renderMatrix("team", { other: {} }, options()),
      ).rejects.toMatchObject({
        code: "TEMPLATE_INVALID",
        message: expect.stringContaining(tag.slice(0, 2)),
        where: { file: "own/adws/team.ts.njk", line },
      });
    },
  );

  test.each([
    "const style = {{ a: 1 }};",
    "const element = <div style={{ color: x }} />;",
    "const text = `${{ a: 1 }.a}`;",
    "const nested = { a: { b: {}}};",
  ])("may have the double braces of its own language: %s", async (text) => {
    await write("adws/team.ts.njk", `${text}\n`);
    const { other } = await renderMatrix("team", { other: {} }, options());
    expect(other?.files[0]?.content).toBe(`${text}\n`);
  });
});
