import {
  commentText,
  constant,
  htmlText,
  jsonLiteral,
  literal,
  sqlList,
  sqlLiteral,
  verbatim,
} from "../domain/literals.ts";

/** The filters a template may use, by name. */
export const TEMPLATE_FILTERS: Readonly<
  Record<string, (value: unknown, argument: string) => string>
> = {
  literal,
  constant,
  json: jsonLiteral,
  sql: sqlLiteral,
  sql_list: sqlList,
  comment: commentText,
  html: htmlText,
  verbatim,
};
