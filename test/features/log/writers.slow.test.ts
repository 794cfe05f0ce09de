/** As many processes at once as a busy machine has agents. */
import { testWriters } from "../../helpers/crowd.ts";

jest.setTimeout(120_000);

testWriters(10, 2_000);
