/** YAML, in a file of its own: it is large, and few projects have any that we read. */
export { parse } from "yaml";
