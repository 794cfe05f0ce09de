/** The words of the contract are those that the schema, the filters and the documents are made from. */
import {
  AGENT_STATUSES,
  AGENT_TYPES,
  FINAL_STATUSES,
  LOG_LEVELS,
  LOG_TYPES,
  PROMPT_STATUSES,
  PROMPT_TYPES,
} from "../../../templates/adws/adw_modules/adw_events.ts";
import * as vocabulary from "../../../src/domain/vocabulary.ts";

test("the contract and the generator have the same words", () => {
  expect({
    AGENT_STATUSES,
    AGENT_TYPES,
    FINAL_STATUSES,
    LOG_LEVELS,
    LOG_TYPES,
    PROMPT_STATUSES,
    PROMPT_TYPES,
  }).toEqual({
    AGENT_STATUSES: vocabulary.AGENT_STATUSES,
    AGENT_TYPES: vocabulary.AGENT_TYPES,
    FINAL_STATUSES: vocabulary.FINAL_STATUSES,
    LOG_LEVELS: vocabulary.LOG_LEVELS,
    LOG_TYPES: vocabulary.LOG_TYPES,
    PROMPT_STATUSES: vocabulary.PROMPT_STATUSES,
    PROMPT_TYPES: vocabulary.PROMPT_TYPES,
  });
});
