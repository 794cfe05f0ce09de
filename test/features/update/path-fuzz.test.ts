import { fuzzPaths } from "../../helpers/path-fuzz.ts";

jest.setTimeout(120_000);

// path-fuzz.slow.test.ts has a thousand.
test("100 hostile layouts: 0 writes outside the project", () => fuzzPaths(100));
