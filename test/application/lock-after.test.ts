/** The lock holds what was written, whether our build packed it or this run does. */
import { SAMPLE_CONFIGS } from "../../fixtures/configs.mjs";
import {
  BUNDLED,
  renderDefinition,
} from "../../src/application/render-module.ts";
import { planScaffold } from "../../src/application/scaffold-service.ts";
import { DEFAULT_CONFIG, parseConfig } from "../../src/domain/config.ts";
import { parseLock } from "../../src/domain/lock.ts";
import { sha256, unpackText } from "../../src/infrastructure/project-files.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const folder = temporaryFolder();

test.each(BUNDLED.registry.modules.map((module) => [module.name, module]))(
  "%s was packed as it renders with the default settings",
  async (_, definition) => {
    const rendered = await renderDefinition(definition, DEFAULT_CONFIG);
    expect(rendered.length).toBe(definition.files.length);
    for (const [index, { content }] of rendered.entries()) {
      const packed = await BUNDLED.templates.packed?.(
        `${definition.files[index]}.njk`,
      );
      expect(packed?.sha256).toBe(sha256(content));
      expect(unpackText(packed?.base ?? "")).toBe(content);
    }
  },
);

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
