/**
 * How much there is to read: what people own, and what we carry on. Each figure is the
 * most that is allowed; where something shrinks, its figure follows.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderModule } from "../../src/application/render-module.ts";
import { bundledRegistry } from "../../src/domain/module-registry.ts";
import {
  DEFAULT_PRESET,
  LOGGING_PRESET,
  MINIMAL_PRESET,
} from "../../src/domain/presets.ts";
import { REPOSITORY } from "../helpers/packed.ts";

/** No file that people own is longer, in lines. */
const LONGEST_FILE = 400;

const linesOf = (text: string) => text.split("\n").length - 1;

/** What people read of these modules: the page that a build makes is not counted. */
async function sizeOf(names: readonly string[]) {
  const read = new Map<string, number>();
  for (const { name, files, generatedFiles = [] } of names.map((name) =>
    bundledRegistry.get(name),
  )) {
    const rendered = await renderModule(name, {});
    const own = new Set<string>(files);
    for (const file of generatedFiles) own.delete(file);
    for (const { path, content } of rendered.files)
      if (own.has(path)) read.set(path, linesOf(content));
  }
  const lines = [...read.values()];
  return {
    files: lines.length,
    lines: lines.reduce((sum, count) => sum + count, 0),
    longest: Math.max(...lines),
  };
}

test.each([
  ["init", DEFAULT_PRESET.modules, 74, 17_070],
  ["init --logging", LOGGING_PRESET.modules, 24, 5_480],
  ["init --minimal", MINIMAL_PRESET.modules, 18, 3_315],
])(
  "%s: files, lines, and no long file",
  async (title, modules, files, lines) => {
    const names = bundledRegistry.resolve(modules).map(({ name }) => name);
    const size = await sizeOf(names);
    console.log(
      `${title}: ${size.files} files, ${size.lines} lines, the longest ${size.longest}`,
    );
    expect(size.files).toBeLessThanOrEqual(files);
    expect(size.lines).toBeLessThanOrEqual(lines);
    expect(size.longest).toBeLessThanOrEqual(LONGEST_FILE);
  },
);

test.each([
  ["adw_events", 2, 290],
  ["adw_websockets", 12, 2_810],
  ["adw_websocket_client", 3, 735],
  ["orch_database_models", 1, 270],
  ["schema_orchestrator", 4, 550],
  ["adw_database", 7, 2_055],
  ["adw_logging", 6, 2_140],
  ["adw_dashboard", 4, 775],
  ["adw_server", 2, 360],
  ["adw_agents", 31, 7_400],
])("%s: files and lines", async (name, files, lines) => {
  const size = await sizeOf([name]);
  expect(size.files).toBeLessThanOrEqual(files);
  expect(size.lines).toBeLessThanOrEqual(lines);
});

test.each([
  ["src", 22_520],
  ["dashboard", 10_280],
])("%s has so many lines", (folder, most) => {
  const lines = readdirSync(join(REPOSITORY, folder), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("generated"))
    .reduce((sum, path) => sum + linesOf(readFileSync(path, "utf8")), 0);
  console.log(`${folder}: ${lines} lines`);
  expect(lines).toBeLessThanOrEqual(most);
});
