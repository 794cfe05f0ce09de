/** What `doctor` looks at, and what it finds. */
import type { Drift } from "../../domain/drift.ts";
import { AdwError, formatLocation } from "../../domain/errors.ts";
import type { Project } from "../project.ts";

/** One thing that was looked at. */
export interface Finding {
  /** Stable name, such as `port`. */
  check: string;
  status: "ok" | "problem" | "fixed";
  message: string;
  /** What to do about a problem. */
  fix?: string;
}

export interface Problem {
  message: string;
  fix: string;
  /** Fixes it; only for what is safe to do without asking. */
  repair?: () => Promise<string>;
}

/** What cannot be read is a finding like any other: the checks after it go on. */
export function problemOf(error: unknown): Omit<Problem, "repair"> {
  if (!(error instanceof AdwError)) throw error;
  const where =
    error.where === undefined ? "" : ` (${formatLocation(error.where)})`;
  return {
    message: `${error.message}${where}`,
    fix: error.hint ?? "Correct the file.",
  };
}

export interface Examination {
  check: string;
  /**
   * The problem and its fix; undefined when all is well.
   *
   * @param drift - what `check` finds, looked at once by those who need it
   */
  examine: (
    project: Project,
    drift: () => Promise<readonly Drift[]>,
  ) => Promise<Problem | undefined>;
  /** What to say when all is well. */
  fine: (project: Project) => string;
  /** Checks without which this one would only repeat what they say. */
  needs?: readonly string[];
}

/** Fixes a problem where that is asked for and safe, and says how otherwise. */
export async function settle(
  check: string,
  problem: Problem,
  fix: boolean,
): Promise<Finding> {
  if (fix && problem.repair !== undefined) {
    return { check, status: "fixed", message: await problem.repair() };
  }
  const hint =
    problem.repair === undefined
      ? problem.fix
      : `${problem.fix} Or: adw-scaffold doctor --fix`;
  return { check, status: "problem", message: problem.message, fix: hint };
}
