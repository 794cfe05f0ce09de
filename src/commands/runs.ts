/**
 * What the commands do, together: nearly all of it is shared, and loading many small
 * files takes longer than loading this one. What only some runs need of other
 * packages is imported where it is used, and the templates with their modules.
 */
export { runCheck } from "./run-check.ts";
export { runDemo } from "./run-demo.ts";
export { runDiff } from "./run-diff.ts";
export { runDoctor } from "./run-doctor.ts";
export { runInit } from "./run-init.ts";
export { runList } from "./run-list.ts";
export { runAdd, runRemove, runUpdate } from "./run-modules.ts";
export { runRender } from "./run-render.ts";
export { runWatch } from "./run-watch.ts";
