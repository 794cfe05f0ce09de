/** What `adw-scaffold list` does. */
import { listModules } from "../application/render-module.ts";
import { openProject } from "../application/project.ts";
import type { Run } from "./command.ts";
import { colorsFor } from "./colors.ts";
import { projectRequest } from "./context.ts";

/** Shows every module, what it requires, and whether this project has it. */
export const runList: Run = async (parsed, context) => {
  const { stdout, env } = context;
  const { root, config, source } = await openProject(
    projectRequest(parsed, context),
  );
  const installed = new Set(
    source.registry.resolve(config.modules).map(({ name }) => name),
  );
  const modules = listModules(source).map((module) => ({
    ...module,
    installed: installed.has(module.name),
  }));
  if (parsed.values["json"] === true) {
    stdout.write(
      `${JSON.stringify({ command: "list", target: root, modules })}\n`,
    );
    return 0;
  }
  const colors = colorsFor(stdout, env);
  const width = Math.max(...modules.map(({ name }) => name.length));
  for (const { name, summary, requires, installed: has } of modules) {
    stdout.write(
      `${has ? colors.green("installed") : colors.dim("available")}  ${colors.bold(name.padEnd(width))}  ${summary}\n`,
    );
    if (requires.length > 0) {
      stdout.write(
        `${" ".repeat(width + 13)}${colors.dim(`requires ${requires.join(", ")}`)}\n`,
      );
    }
  }
  return 0;
};
