/** Where a thread of the log looks for tsx's own: threads are asked by themselves. */
import { register as registerHooks } from "node:module";

export function register() {
  registerHooks(new URL("../../hooks.mjs", import.meta.url));
}
