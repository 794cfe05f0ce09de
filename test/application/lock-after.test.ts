/** The lock holds what was written, whether our build made it or this run does. */
import { SAMPLE_CONFIGS } from "../../fixtures/configs.mjs";
import {
  BUNDLED,
  renderDefinition,
} from "../../src/application/render-module.ts";
import { planScaffold } from "../../src/application/scaffold-service.ts";
import { DEFAULT_CONFIG, parseConfig } from "../../src/domain/config.ts";
import { parseLock } from "../../src/domain/lock.ts";
import { defaultTexts } from "../../src/infrastructure/default-texts.ts";
import { sha256, unpackText } from "../../src/infrastructure/project-files.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const folder = temporaryFolder();

/** As if the build had made nothing: every file is rendered. */
const rendering = { ...BUNDLED.templates, defaultTexts: () => new Map() };

test.each(BUNDLED.registry.modules.map((module) => [module.name, module]))(
  "%s was built as it renders with the default settings",
  async (_, definition) => {
    const rendered = await renderDefinition(
      definition,
      DEFAULT_CONFIG,
      rendering,
    );
    const built = defaultTexts(definition.name);
    expect([...built.keys()]).toEqual(
      definition.files.map((file) => `${file}.njk`),
    );
    for (const [index, { content }] of rendered.entries()) {
      const text = built.get(`${definition.files[index]}.njk`);
      expect(text?.content).toBe(content);
      expect(text?.sha256).toBe(sha256(content));
      expect(unpackText(text?.base ?? "")).toBe(content);
    }
  },
);

test.each(Object.entries(SAMPLE_CONFIGS))(
  "with the settings '%s', no file is taken as built that renders otherwise",
  async (_, settings) => {
    const config = parseConfig(settings);
    for (const definition of BUNDLED.registry.modules) {
      const [taken, rendered] = await Promise.all([
        renderDefinition(definition, config),
        renderDefinition(definition, config, rendering),
      ]);
      expect(taken.map(({ path, content }) => ({ path, content }))).toEqual(
        rendered.map(({ path, content }) => ({ path, content })),
      );
    }
  },
);

test("a module of somebody else has no text that was built", () => {
  for (const name of ["adw_throwaway", "toString", "__proto__"])
    expect(defaultTexts(name).size).toBe(0);
});

test.each(Object.entries(SAMPLE_CONFIGS))(
  "with the settings '%s', every entry is that of its file",
  async (_, settings) => {
    const plan = await planScaffold({
      root: folder(),
      modules: BUNDLED.registry.installable.map(({ name }) => name),
      settings: parseConfig(settings),
    });
    const contents = new Map(
      plan.operations.map((entry) => [
        entry.path,
        "content" in entry ? entry.content : "",
      ]),
    );
    const lock = parseLock(JSON.parse(contents.get("adw.lock.json") ?? ""));
    const files = Object.entries(lock.files);
    expect(files.length).toBeGreaterThan(50);
    for (const [path, { sha256: digest, base }] of files) {
      expect({ path, digest }).toEqual({
        path,
        digest: sha256(contents.get(path) ?? ""),
      });
      expect(unpackText(base)).toBe(contents.get(path));
    }
  },
);
