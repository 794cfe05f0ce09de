/** One workflow of the demo: plan, build, test, review. */
import {
  Agent,
  dollars,
  hex,
  uuid,
  type FleetEvent,
  type Part,
  type Random,
  type Stage,
} from "./agent.ts";
import type { AgentType, Model, Task } from "./tasks.ts";

const OPUS = "claude-opus-4-5";
const SONNET = "claude-sonnet-4-5";
const HAIKU = "claude-haiku-4-5";

/** Turns one task into events. */
export class Workflow {
  readonly #task: Task;
  readonly #stage: Stage;
  readonly #events: FleetEvent[] = [];
  #nowMs: number;
  #step = "";

  constructor(
    task: Task,
    { random, ids, startMs }: { random: Random; ids: Random; startMs: number },
  ) {
    this.#task = task;
    this.#nowMs = startMs;
    this.#stage = {
      random,
      ids,
      slug: task.slug,
      project: task.project,
      adwId: hex(ids, 8),
      orchestratorId: uuid(ids),
      emit: (event) => this.#events.push(event),
    };
  }

  run(): FleetEvent[] {
    const { title } = this.#task;
    this.#system("adw_created", `${title}: workflow started`, {
      adw_name: "plan_build_test_review",
      total_steps: 4,
    });
    this.#plan();
    this.#build();
    this.#test();
    this.#review();
    const cost = this.#events
      .filter(({ event_type }) => event_type === "prompt_completed")
      .reduce((sum, { metadata }) => sum + Number(metadata["cost_usd"]), 0);
    this.#system("adw_updated", `${title}: done for $${cost.toFixed(2)}`, {
      status: "completed",
      cost_usd: dollars(cost),
    });
    return this.#events;
  }

  #plan(): void {
    this.#phase("plan", 1);
    const { title, slug, backend } = this.#task;
    const planner = this.#spawn("planner", "planner", OPUS);
    const scout = this.#spawn("scout", "utility", HAIKU, planner);
    scout.tool("Grep", { pattern: slug, path: "src" });
    for (const file of backend) scout.tool("Read", { file_path: file });
    scout.prompt(
      "scout",
      "Where does this belong?",
      "Six files, two of them central",
    );
    scout.finish();
    planner.nowMs = scout.nowMs;
    planner.prompt(
      "plan",
      `Plan: ${title}`,
      "A plan in four steps, with risks",
    );
    planner.tool("Write", { file_path: `specs/${slug}.md` });
    planner.finish();
    this.#join(planner);
    planner.log("milestone", `Plan is ready: specs/${slug}.md`);
  }

  #build(): void {
    this.#phase("build", 2);
    const { backend, frontend } = this.#task;
    this.#join(this.#side("api", backend), this.#side("ui", frontend));
  }

  /** One builder, and the helper that it asks. */
  #side(side: string, files: readonly string[]): Agent {
    const builder = this.#spawn(`build-${side}`, "builder", SONNET);
    builder.prompt(
      "build",
      `Build ${files.join(", ")} as specified`,
      "Starting with the types",
    );
    for (const file of files) {
      builder.tool("Read", { file_path: file });
      builder.tool("Edit", { file_path: file });
    }
    const helper = this.#spawn(`docs-${side}`, "utility", HAIKU, builder);
    helper.tool("WebFetch", { url: "https://nodejs.org/api/" });
    helper.prompt(
      "look_up",
      "What is the idiom for this?",
      "Use the built-in, no package needed",
    );
    helper.finish();
    builder.nowMs = helper.nowMs;
    builder.tool("Bash", { command: "npx tsc --noEmit" });
    builder.prompt(
      "build",
      "Make it compile under strict",
      "Compiles, two files changed",
    );
    builder.finish();
    return builder;
  }

  /** The first tester fails, a builder fixes the cause, the second one passes. */
  #test(): void {
    this.#phase("test", 3);
    const { failing_test, backend } = this.#task;
    const tester = this.#spawn("test", "tester", SONNET);
    tester.prompt("test", "Test what was built", "Runs the whole suite");
    tester.tool("Bash", { command: "npm test" }, "exit code 1");
    const failure = `1 of 48 tests failed: ${failing_test}`;
    const error = { error_type: "TestFailure", step: "test" };
    tester.log("error", failure, error, "error");
    tester.finish(failure);
    this.#join(tester);

    const fixer = this.#spawn("fix", "builder", OPUS);
    const attempt = { attempt: 1, max_attempts: 3 };
    fixer.log("event", "Retry 1 of 3: fixes what the test found", attempt);
    fixer.prompt(
      "fix",
      `Fix: ${failing_test}`,
      "An off-by-one; one line changed",
      "correction",
    );
    fixer.tool("Edit", { file_path: backend[0] });
    fixer.finish();
    this.#join(fixer);

    const again = this.#spawn("test-2", "tester", SONNET);
    again.prompt("test", "Test it once more", "Runs the whole suite");
    again.tool("Bash", { command: "npm test" });
    const measured = { tests: 48, duration_ms: 3_100 };
    again.log("performance", "48 tests passed in 3.1 s", measured);
    again.finish();
    this.#join(again);
  }

  #review(): void {
    this.#phase("review", 4);
    const { command } = this.#task;
    const reviewer = this.#spawn("review", "reviewer", OPUS);
    reviewer.tool("Bash", { command: "git diff main" });
    reviewer.prompt(
      "review",
      "Review against the specification",
      "Sound; one name could be clearer",
    );
    reviewer.status("waiting");
    reviewer.log(
      "permission_request",
      `May I run "${command}"?`,
      {
        notification_type: "permission_prompt",
        tool_name: "Bash",
        tool_input: { command },
      },
      "warning",
    );
    reviewer.work(2_500, 5_000);
    reviewer.status("reviewing");
    reviewer.tool("Bash", { command });
    const { cost_usd } = reviewer;
    const soFar = `Review so far: $${cost_usd.toFixed(2)}`;
    reviewer.log("cost_update", soFar, { cost_usd });
    reviewer.finish();
    this.#join(reviewer);
  }

  #phase(step: string, number: number): void {
    this.#step = step;
    const message = `${this.#task.title}: ${step} (${number} of 4)`;
    this.#system("adw_step_change", message, { adw_step: step });
  }

  #spawn(role: string, type: AgentType, model: Model, parent?: Agent): Agent {
    const part: Part = { step: this.#step, role, type, model };
    return parent === undefined
      ? new Agent(this.#stage, part, this.#nowMs)
      : new Agent(this.#stage, { ...part, parent }, parent.nowMs);
  }

  /** The workflow goes on when the last of these agents is done. */
  #join(...agents: readonly Agent[]): void {
    this.#nowMs = Math.max(...agents.map(({ nowMs }) => nowMs)) + 200;
  }

  #system(
    event_type: string,
    message: string,
    metadata: Readonly<Record<string, unknown>>,
  ): void {
    this.#stage.emit({
      at_ms: this.#nowMs,
      event_type,
      agent_id: "system",
      message,
      metadata: {
        component: "orchestrator",
        adw_id: this.#stage.adwId,
        ...metadata,
      },
      log_level: "info",
    });
  }
}
