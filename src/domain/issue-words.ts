/** What is wrong with a value, in our words: the validator's own texts are for programmers. */
import type { BaseIssue } from "valibot";

/** Says what a value must be, and what it is. */
export function explainIssue(issue: BaseIssue<unknown>): string {
  const received = ` (got ${issue.received})`;
  switch (issue.type) {
    case "number":
    case "integer":
      return `must be a whole number${received}`;
    case "min_value":
      return `must be at least ${String(issue.requirement)}${received}`;
    case "max_value":
      return `must be at most ${String(issue.requirement)}${received}`;
    case "min_length":
      return "must not be empty";
    case "max_length":
      return `must be at most ${String(issue.requirement)} long`;
    case "string":
      return `must be a string${received}`;
    case "array":
      return `must be a list${received}`;
    case "object":
    case "record":
      return issue.received === "undefined" ||
        issue.expected?.startsWith('"') === true
        ? "is missing"
        : `must be an object${received}`;
    case "strict_object":
      if (issue.expected === "never") return "is not a key that is known here";
      return issue.expected?.startsWith('"') === true
        ? "is missing"
        : `must be an object${received}`;
    case "literal":
      return `must be ${issue.expected ?? "another value"}${received}`;
    case "picklist":
      return `must be one of ${(issue.expected ?? "").replaceAll(/[()]/g, "").replaceAll(" | ", ", ")}${received}`;
    case "regex":
    case "check":
    case "guard":
      // Ours, where the schema gives one.
      return issue.message.startsWith("Invalid ")
        ? `is not of the form that is needed${received}`
        : `${issue.message}${received}`;
    default:
      return `is not valid${received}`;
  }
}
