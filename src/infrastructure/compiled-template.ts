/** An error of Nunjucks that can be told which template it came from. */
export interface TemplateError extends Error {
  /** Puts the path, the line and the column into the message. */
  Update(path: string): Error;
}

/** What Nunjucks makes of a template. */
export interface CompiledTemplate {
  /** Calls back before it returns. */
  root(
    environment: object,
    context: object,
    frame: object,
    runtime: object,
    done: (error: TemplateError | null, output: string) => void,
  ): void;
}

export function isCompiledTemplate(value: unknown): value is CompiledTemplate {
  return (
    typeof value === "object" &&
    value !== null &&
    "root" in value &&
    typeof value.root === "function"
  );
}
