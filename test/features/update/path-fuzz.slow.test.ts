import { fuzzPaths } from "../../helpers/path-fuzz.ts";

jest.setTimeout(600_000);

test("1,000 hostile layouts: 0 writes outside the project", () =>
  fuzzPaths(1000));
