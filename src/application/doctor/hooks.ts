/** `doctor`: whether the agents whose hooks are installed here are heard. */
import { hooksStatus, type InstalledStatus } from "../hooks/status.ts";
import { surroundingsOf } from "../hooks/surroundings.ts";
import { problemOf, type Finding } from "./finding.ts";

const CHECK = "hooks";

/** One finding an installation; none where no hooks are installed. */
export async function hookFindings(root: string): Promise<Finding[]> {
  try {
    const surroundings = await surroundingsOf(root, process.env);
    const statuses = await hooksStatus(surroundings);
    return statuses.flatMap(({ label, installed }) =>
      installed.flatMap((each) => findingsOf(label, each)),
    );
  } catch (error) {
    return [{ check: CHECK, status: "problem", ...problemOf(error) }];
  }
}

function findingsOf(label: string, installed: InstalledStatus): Finding[] {
  const { path, to, problem, fix, silenced_by: silencers } = installed;
  const problems = [
    ...(problem === undefined ? [] : [{ message: problem, fix }]),
    ...silencers
      // What the agent asks for at its next start is no fault of the project.
      .filter(({ passes }) => !passes)
      .map(({ what, file, fix: remedy }) => ({
        message: file === undefined ? what : `${what} (${file})`,
        fix: remedy,
      })),
  ];
  if (problems.length === 0)
    return [
      { check: CHECK, status: "ok", message: `${label}: ${path} to ${to}` },
    ];
  return problems.map(({ message, fix: remedy }) => ({
    check: CHECK,
    status: "problem",
    message: `${label}: ${message}`,
    ...(remedy === undefined ? {} : { fix: remedy }),
  }));
}
