/** What kind of value a key of the configuration has: for flags and prompts. */
export type ConfigKind = "string" | "number" | "boolean" | "list" | "choice";
