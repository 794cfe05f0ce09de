/** The words of the contract are those that the schema, the filters and the documents are made from. */
import * as events from "../../../templates/adws/adw_modules/adw_events.ts";
import * as vocabulary from "../../../src/domain/vocabulary.ts";

test.each([
  "LOG_TYPES",
  "LOG_LEVELS",
  "AGENT_TYPES",
  "AGENT_STATUSES",
  "PROMPT_TYPES",
  "PROMPT_STATUSES",
  "FINAL_STATUSES",
] as const)("%s are the same in the contract and in the generator", (name) => {
  expect(events[name]).toEqual(vocabulary[name]);
});
