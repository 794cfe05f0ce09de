import { availableParallelism, cpus, release, type } from "node:os";

/** One line that says where the figures come from. */
export function describeMachine() {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${model}, ${availableParallelism()} cores, ${type()} ${release()}, Node ${process.versions.node}`;
}
