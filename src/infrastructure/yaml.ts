/**
 * YAML, in a file of its own: it is large, and few projects have any that we read. Its
 * names are there to import only through a file of ours: the bundler gives a CommonJS
 * package nothing but a default export.
 */
export { parse } from "yaml";
