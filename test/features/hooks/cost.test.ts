/** What hooks cost the agent is shown as the agent itself measured it. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AgentsProject, ofType } from "../../helpers/agents-project.ts";
import { CLI } from "../../helpers/cli.ts";
import { currentNode } from "../../helpers/current-node.ts";
import { run } from "../../helpers/processes.ts";

/** What Claude Code exports when hooks of an event have run; it writes numbers as texts. */
const ran = (sequence: number, event: string, ms: number, hooks = 1) => ({
  timeUnixNano: `${String(1_764_064_800 + sequence)}000000000`,
  body: { stringValue: "claude_code.hook_execution_complete" },
  attributes: Object.entries({
    "event.name": "hook_execution_complete",
    "event.sequence": String(sequence),
    "session.id": "s1",
    "user.id": "somebody",
    "prompt.id": "p1",
    hook_event: event,
    hook_name: `${event}:Bash`,
    num_hooks: String(hooks),
    num_success: String(hooks),
    total_duration_ms: String(ms),
    hook_source: "merged",
  }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
});
const logs = (...logRecords: object[]) => ({
  resourceLogs: [
    {
      resource: {
        attributes: [
          { key: "service.name", value: { stringValue: "claude-code" } },
        ],
      },
      scopeLogs: [{ logRecords }],
    },
  ],
});

const node = currentNode();
(node === undefined ? describe.skip : describe)("hooks status", () => {
  test("tells it, in words and as JSON", async () => {
    const project = new AgentsProject();
    const root = dirname(project.adwsDir);
    await writeFile(join(root, "adw.config.json"), "{}\n");
    const hooks = async (...words: string[]) => {
      const env = {
        HOME: project.home,
        XDG_STATE_HOME: "",
        CLAUDE_CONFIG_DIR: "",
        TAC_ORCHESTRATOR_DB: project.database,
      };
      const command = [CLI, "hooks", ...words, "claude"];
      return run(node ?? "", command, { cwd: root, env });
    };
    await hooks("install");
    expect((await hooks("status")).stdout).toContain(
      "what hooks cost is not measured (Claude Code tells it with adw-scaffold hooks install claude --otel)",
    );
    await hooks("install", "--otel");
    expect((await hooks("status")).stdout).toContain(
      "what hooks cost is not measured (nothing was told yet)",
    );
    await project.start();
    const first = logs(ran(1, "PreToolUse", 9), ran(2, "PostToolUse", 4, 2));
    for (const body of [first, first, logs(ran(3, "PreToolUse", 5))])
      expect((await project.post("/v1/logs", body)).status).toBe(200);
    const type = "hook_execution_complete";
    const events = await project.eventsWhen(
      (all) => ofType(all, type).length === 3,
    );
    // No more of it than is shown: it comes with every call.
    expect(ofType(events, type)[0]?.metadata).toEqual({
      hook_event: "PreToolUse",
      num_hooks: 1,
      total_duration_ms: 9,
    });
    expect((await hooks("status")).stdout).toContain(
      "\n  hooks took 5 ms in the median, 18 ms in 3 events, as the agent measured it; in 1 of them other hooks ran too\n",
    );
    const { stdout } = await hooks("status", "--json");
    expect(JSON.parse(stdout).agents).toMatchObject([
      {
        agent: "claude",
        hook_time: { runs: 3, median_ms: 5, total_ms: 18, with_others: 1 },
      },
    ]);
  }, 120_000);
});
