/** One workflow of the demo: plan, build, test, review. */
import { AgentEvents, dollars, type FleetEvent } from "./agent-events.ts";

/** Turns one task into events. */
export class Workflow extends AgentEvents {
  run(): FleetEvent[] {
    const { title } = this.task;
    this.system("adw_created", `${title}: workflow started`, {
      adw_name: "plan_build_test_review",
      total_steps: 4,
    });
    this.#plan();
    this.#build();
    this.#test();
    this.#review();
    const cost = this.events.reduce(
      (sum, { event_type, metadata }) =>
        event_type === "prompt_completed"
          ? sum + Number(metadata["cost_usd"])
          : sum,
      0,
    );
    this.system("adw_updated", `${title}: done for $${cost.toFixed(2)}`, {
      status: "completed",
      cost_usd: dollars(cost),
    });
    return this.events;
  }

  #plan(): void {
    this.phase("plan", 1);
    const planner = this.spawn("plan", "planner", "planner", "claude-opus-4-5");
    const scout = this.spawn(
      "plan",
      "scout",
      "utility",
      "claude-haiku-4-5",
      planner,
    );
    this.tool(scout, "Grep", { pattern: this.task.slug, path: "src" });
    for (const file of this.task.backend) {
      this.tool(scout, "Read", { file_path: file });
    }
    this.prompt(
      scout,
      "scout",
      "Where does this belong?",
      "Six files, two of them central",
    );
    this.finish(scout);
    planner.nowMs = scout.nowMs;
    this.prompt(
      planner,
      "plan",
      `Plan: ${this.task.title}`,
      "A plan in four steps, with risks",
    );
    this.tool(planner, "Write", { file_path: `specs/${this.task.slug}.md` });
    this.finish(planner);
    this.join([planner]);
    this.log(
      planner,
      "milestone",
      `Plan is ready: specs/${this.task.slug}.md`,
      {},
    );
  }

  #build(): void {
    this.phase("build", 2);
    const sides = [
      { name: "build-api", files: this.task.backend },
      { name: "build-ui", files: this.task.frontend },
    ];
    const builders = sides.map(({ name, files }) => {
      const builder = this.spawn("build", name, "builder", "claude-sonnet-4-5");
      this.prompt(
        builder,
        "build",
        `Build ${files.join(", ")} as specified`,
        "Starting with the types",
      );
      for (const file of files) {
        this.tool(builder, "Read", { file_path: file });
        this.tool(builder, "Edit", { file_path: file });
      }
      const helper = this.spawn(
        "build",
        name.replace("build", "docs"),
        "utility",
        "claude-haiku-4-5",
        builder,
      );
      this.tool(helper, "WebFetch", { url: "https://nodejs.org/api/" });
      this.prompt(
        helper,
        "look_up",
        "What is the idiom for this?",
        "Use the built-in, no package needed",
      );
      this.finish(helper);
      builder.nowMs = helper.nowMs;
      this.tool(builder, "Bash", { command: "npx tsc --noEmit" });
      this.prompt(
        builder,
        "build",
        "Make it compile under strict",
        "Compiles, two files changed",
      );
      this.finish(builder);
      return builder;
    });
    this.join(builders);
  }

  /** The first tester fails, a builder fixes the cause, the second one passes. */
  #test(): void {
    this.phase("test", 3);
    const tester = this.spawn("test", "test", "tester", "claude-sonnet-4-5");
    this.prompt(tester, "test", "Test what was built", "Runs the whole suite");
    this.tool(tester, "Bash", { command: "npm test" }, "exit code 1");
    const failure = `1 of 48 tests failed: ${this.task.failing_test}`;
    this.log(
      tester,
      "error",
      failure,
      { error_type: "TestFailure", step: "test" },
      "error",
    );
    this.finish(tester, failure);
    this.join([tester]);

    const fixer = this.spawn("test", "fix", "builder", "claude-opus-4-5");
    this.log(fixer, "event", "Retry 1 of 3: fixes what the test found", {
      attempt: 1,
      max_attempts: 3,
    });
    this.prompt(
      fixer,
      "fix",
      `Fix: ${this.task.failing_test}`,
      "An off-by-one; one line changed",
      "correction",
    );
    this.tool(fixer, "Edit", { file_path: this.task.backend[0] });
    this.finish(fixer);
    this.join([fixer]);

    const again = this.spawn("test", "test-2", "tester", "claude-sonnet-4-5");
    this.prompt(again, "test", "Test it once more", "Runs the whole suite");
    this.tool(again, "Bash", { command: "npm test" });
    this.log(again, "performance", "48 tests passed in 3.1 s", {
      tests: 48,
      duration_ms: 3_100,
    });
    this.finish(again);
    this.join([again]);
  }

  #review(): void {
    this.phase("review", 4);
    const reviewer = this.spawn(
      "review",
      "review",
      "reviewer",
      "claude-opus-4-5",
    );
    this.tool(reviewer, "Bash", { command: "git diff main" });
    this.prompt(
      reviewer,
      "review",
      "Review against the specification",
      "Sound; one name could be clearer",
    );
    const { command } = this.task;
    this.status(reviewer, "waiting");
    this.log(
      reviewer,
      "permission_request",
      `May I run "${command}"?`,
      {
        notification_type: "permission_prompt",
        tool_name: "Bash",
        tool_input: { command },
      },
      "warning",
    );
    reviewer.nowMs += this.between(2_500, 5_000);
    this.status(reviewer, "reviewing");
    this.tool(reviewer, "Bash", { command });
    this.log(
      reviewer,
      "cost_update",
      `Review so far: $${reviewer.cost_usd.toFixed(2)}`,
      {
        cost_usd: reviewer.cost_usd,
      },
    );
    this.finish(reviewer);
    this.join([reviewer]);
  }
}
