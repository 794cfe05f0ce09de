/** Mistakes with delimiters, which a template's text shows and its syntax tree does not. */
import type { TemplateProblem } from "./template-syntax.ts";

/**
 * `{{ x }}`, `{% if x %}` or `{# x #}` as Nunjucks is usually written: here it is
 * plain text, and would come out as it stands. `${{ … }}` belongs to others, and
 * `={{ x }}` is an object in JSX.
 */
const USUAL_DELIMITERS =
  /(?<!\$)\{\{-?\s*[A-Za-z_][\w.]*(?:\s*\|[^{}\n]*)?\s*-?\}\}|\{%[^\n]*?%\}|\{#[^\n]*?#\}/;
const JSX_OBJECT = /=\{\{\s*[A-Za-z_]\w*\s*\}\}/g;

/**
 * Mistakes that only the text shows: `<<` in the target code is read as a tag,
 * which must open and close on one line, and Nunjucks looks for the end of a raw
 * block with its default delimiters.
 */
export function* delimiterProblems(
  source: string,
  path: string,
): Generator<TemplateProblem> {
  const withoutComments = source.replaceAll(/<#[\s\S]*?#>/g, (comment) =>
    comment.replaceAll(/[^\n]/g, " "),
  );
  for (const [index, text] of withoutComments.split("\n").entries()) {
    const raw = /<%-?\s*(?:end)?(?:raw|verbatim)\b/.exec(text);
    if (raw !== null) {
      yield {
        path,
        line: index + 1,
        column: raw.index + 1,
        message:
          '"raw" does not work with these delimiters; use a filter on a string',
      };
    }
    const rest = text.replaceAll(
      /<<-?\s*("(?:[^"\\]|\\.)*"|[^<>"]|"(?=[^>]*>>))*?-?>>/g,
      (tag) => " ".repeat(tag.length),
    );
    const usual = USUAL_DELIMITERS.exec(
      /\.[jt]sx?\.njk$/.test(path)
        ? rest.replaceAll(JSX_OBJECT, (code) => " ".repeat(code.length))
        : rest,
    );
    if (usual !== null) {
      const [tag] = usual;
      yield {
        path,
        line: index + 1,
        column: usual.index + 1,
        message: `"${tag}" is no tag here, and would be rendered as it stands: tags are << value >>, <% block %> and <# comment #>; for the text itself write << ${JSON.stringify(tag)} | verbatim >>`,
      };
    }
    const column = rest.indexOf("<<");
    if (column !== -1) {
      yield {
        path,
        line: index + 1,
        column: column + 1,
        message:
          'a literal "<<" is read as a tag; write << "<<" | verbatim >>, or put the tag on one line',
      };
    }
  }
}
