/**
 * The one error tree of the generator. Every error that a user can cause is an
 * {@link AdwError}; anything else that reaches the command line is a bug.
 */

/** Where in a file something went wrong. Lines and columns count from 1. */
export interface SourceLocation {
  file: string;
  line?: number;
  column?: number;
}

export interface AdwErrorDetails {
  /** Where it happened. */
  where?: SourceLocation | undefined;
  /** What the user can do about it. */
  hint?: string | undefined;
  cause?: unknown;
}

/** Exit codes: 0 done, 1 the answer is no, 2 usage or bad configuration. */
export type FailureExitCode = 1 | 2;

/** Root of every error that this package throws on purpose. */
export class AdwError extends Error {
  /** Stable, upper-case identifier that scripts can match on. */
  readonly code: string;
  readonly exitCode: FailureExitCode;
  readonly where: SourceLocation | undefined;
  readonly hint: string | undefined;

  constructor(
    code: string,
    message: string,
    exitCode: FailureExitCode,
    details: AdwErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.where = details.where;
    this.hint = details.hint;
  }
}

/** The command line was wrong: an unknown flag, a missing argument. Exit code 2. */
export class UsageError extends AdwError {
  constructor(message: string, details: AdwErrorDetails = {}) {
    super("USAGE", message, 2, details);
  }
}

/** `adw.config.json`, a config flag or a config argument is not valid. Exit code 2. */
export class ConfigError extends AdwError {
  constructor(code: string, message: string, details: AdwErrorDetails = {}) {
    super(code, message, 2, details);
  }
}

/** The command understood the request and refuses it, or failed on the way. Exit code 1. */
export class RefusedError extends AdwError {
  constructor(code: string, message: string, details: AdwErrorDetails = {}) {
    super(code, message, 1, details);
  }
}

/** `file:line:column`, as editors and terminals make it clickable. */
export function formatLocation(where: SourceLocation): string {
  return [where.file, where.line, where.column]
    .filter((part) => part !== undefined)
    .join(":");
}
