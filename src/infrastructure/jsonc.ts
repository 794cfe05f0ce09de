import type * as JsoncParser from "jsonc-parser";

/**
 * jsonc-parser, loaded when it is first needed: JSON.parse does for a file that is
 * well formed, and most runs see no other.
 */
export function jsonc(): typeof JsoncParser {
  return require("jsonc-parser");
}
