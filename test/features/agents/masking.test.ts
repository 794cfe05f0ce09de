/** Whether secrets are masked is a setting, and how many were is a metric. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AgentsProject, claude, ofType } from "../../helpers/agents-project.ts";
import { runCli } from "../../helpers/cli.ts";

const SECRETS = [
  ["gh", "p_", "Ab1".repeat(12)].join(""),
  ["AK", "IA", "QYLPMN5HHHFPZAM2"].join(""),
];
const PROMPT = `push with ${SECRETS.join(" and ")}`;

/** A project with the setting, from its configuration to its running server. */
async function started(maskSecrets: boolean): Promise<AgentsProject> {
  const project = new AgentsProject();
  const root = dirname(project.adwsDir);
  const config = JSON.stringify({ mask_secrets: maskSecrets });
  await writeFile(join(root, "adw.config.json"), `${config}\n`);
  const rendered = await runCli(
    ["render", "adw_agents", "--out", root, "--force"],
    root,
  );
  expect(rendered).toMatchObject({ code: 0 });
  await project.start();
  return project;
}

/** What each road says of one secret more. */
async function say(project: AgentsProject): Promise<string> {
  project.say(claude("UserPromptSubmit", { prompt: PROMPT }));
  await project.eventsWhen((all) => ofType(all, "prompt_sent").length === 1);
  const [secret] = SECRETS;
  const event = { event_type: "deploy_done", metadata: { text: secret } };
  await project.post("/api/events", event);
  const events = await project.eventsWhen(
    (all) => ofType(all, "deploy_done").length === 1,
  );
  return JSON.stringify(events);
}

async function masked(project: AgentsProject): Promise<string | undefined> {
  const response = await fetch(`${project.url}/metrics`, {
    headers: { authorization: `Bearer ${project.token}` },
  });
  const text = await response.text();
  expect(text).toContain("# TYPE adw_masked_secrets_total counter\n");
  return /^adw_masked_secrets_total (\d+)$/m.exec(text)?.[1];
}

test("with mask_secrets a secret is masked before it is stored, and counted once", async () => {
  const project = await started(true);
  expect(await masked(project)).toBe("0");
  const told = await say(project);
  for (const secret of SECRETS) expect(told).not.toContain(secret);
  expect(told).toContain("push with [masked] and [masked]");
  expect(await masked(project)).toBe("3");
}, 60_000);

test("without it, what is said is stored as it is", async () => {
  const project = await started(false);
  const told = await say(project);
  expect(told).toContain(PROMPT);
  expect(await masked(project)).toBe("0");
}, 60_000);
