import { join } from "node:path";

/** The repository. */
export const REPOSITORY = join(__dirname, "../..");

/** The built command-line tool. */
export const CLI = join(REPOSITORY, "dist/cli.js");
