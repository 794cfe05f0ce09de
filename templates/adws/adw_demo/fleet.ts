/**
 * The story that `adw_demo` plays: three workflows side by side, each of them
 * plan → build (agents in parallel, with subagents) → test (one fails and is
 * started again) → review (which has to ask a person).
 *
 * Pure and deterministic: one seed, one story. It knows neither a server nor a
 * clock, so the same story can go to a socket, a database or a test.
 *
 * Template: adw_demo 1.2.0
 * Needs:    nothing
 * Update:   npx adw-scaffold update
 */

export interface FleetEvent {
  /** When it happens, in milliseconds after the story's start. */
  at_ms: number;
  event_type: string;
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  log_type: string;
  log_level: string;
}

/** Dollars for a million tokens: invented round numbers, good enough for a demo. */
const PRICES = {
  "claude-opus-4-5": { input: 5, output: 25 },
  "claude-sonnet-4-5": { input: 3, output: 15 },
  "claude-haiku-4-5": { input: 1, output: 5 },
} as const;

type Model = keyof typeof PRICES;
type AgentType = "planner" | "builder" | "tester" | "reviewer" | "utility";

interface Task {
  title: string;
  slug: string;
  backend: readonly string[];
  frontend: readonly string[];
  failing_test: string;
  command: string;
}

const TASKS: readonly Task[] = [
  {
    title: "Rate limiting for the public API",
    slug: "rate-limit",
    backend: ["src/api/limiter.ts", "src/api/middleware.ts"],
    frontend: ["src/pages/limits.tsx", "src/components/quota_bar.tsx"],
    failing_test: "limiter.test.ts: resets the window at midnight UTC",
    command: "npm run db:migrate",
  },
  {
    title: "Password reset by e-mail",
    slug: "reset",
    backend: ["src/auth/reset.ts", "src/mail/templates.ts"],
    frontend: ["src/pages/reset.tsx", "src/components/form.tsx"],
    failing_test: "reset.test.ts: a link works only once",
    command: "npm publish --dry-run",
  },
  {
    title: "Export reports as CSV",
    slug: "csv",
    backend: ["src/reports/csv.ts", "src/reports/stream.ts"],
    frontend: ["src/pages/reports.tsx", "src/components/download.tsx"],
    failing_test: "csv.test.ts: quotes a field that holds a line break",
    command: "git push origin csv-export",
  },
  {
    title: "Dark mode",
    slug: "dark",
    backend: ["src/settings/theme.ts", "src/settings/store.ts"],
    frontend: ["src/styles/tokens.css", "src/components/switch.tsx"],
    failing_test: "theme.test.ts: follows the system until it is set",
    command: "npx playwright install",
  },
  {
    title: "Search with typo tolerance",
    slug: "search",
    backend: ["src/search/index.ts", "src/search/distance.ts"],
    frontend: ["src/pages/search.tsx", "src/components/results.tsx"],
    failing_test: "distance.test.ts: counts a swap as one edit",
    command: "docker compose up -d search",
  },
];

const WORKFLOWS_AT_ONCE = 3;

/** One story of about 200 events. Another chapter of the same seed is another story. */
export function fleetStory(seed: number, chapter = 0): FleetEvent[] {
  const random = randomFrom(seed * 1_000 + chapter);
  const firstTask = Math.floor(random() * TASKS.length);
  const story: FleetEvent[] = [];
  for (let index = 0; index < WORKFLOWS_AT_ONCE; index++) {
    const task = TASKS[(firstTask + index) % TASKS.length];
    if (task === undefined) continue;
    const workflow = new Workflow(task, random, index * 1_500);
    story.push(...workflow.run());
  }
  // A stable sort: what an agent does at one moment stays in its order.
  return story.sort((a, b) => a.at_ms - b.at_ms);
}

/** Chapter after chapter, for as long as somebody watches. */
export function* endlessFleet(seed: number): Generator<FleetEvent> {
  let startMs = 0;
  for (let chapter = 0; ; chapter++) {
    let endMs = startMs;
    for (const event of fleetStory(seed, chapter)) {
      endMs = startMs + event.at_ms;
      yield { ...event, at_ms: endMs };
    }
    startMs = endMs + 2_000;
  }
}

/** mulberry32: small, seedable, the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One agent at work. `nowMs` is its own clock: agents in parallel have one each. */
interface Agent {
  id: string;
  name: string;
  agent_type: AgentType;
  model: Model;
  parent_agent_id: string | null;
  session_id: string;
  step: string;
  status: string;
  nowMs: number;
  startedMs: number;
  tokens_input: number;
  tokens_output: number;
  cost_usd: number;
}

/** Turns one task into events; every method adds what happens and moves a clock. */
class Workflow {
  readonly #task: Task;
  readonly #random: () => number;
  readonly #adwId: string;
  readonly #orchestratorId: string;
  readonly #events: FleetEvent[] = [];
  #nowMs: number;

  constructor(task: Task, random: () => number, startMs: number) {
    this.#task = task;
    this.#random = random;
    this.#nowMs = startMs;
    this.#adwId = this.#hex(8);
    this.#orchestratorId = this.#uuid();
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
    const cost = this.#events.reduce(
      (sum, { event_type, metadata }) =>
        event_type === "prompt_completed"
          ? sum + Number(metadata["cost_usd"])
          : sum,
      0,
    );
    this.#system("adw_updated", `${title}: done for $${cost.toFixed(2)}`, {
      status: "completed",
      cost_usd: dollars(cost),
    });
    return this.#events;
  }

  #plan(): void {
    this.#phase("plan", 1);
    const planner = this.#spawn(
      "plan",
      "planner",
      "planner",
      "claude-opus-4-5",
    );
    const scout = this.#spawn(
      "plan",
      "scout",
      "utility",
      "claude-haiku-4-5",
      planner,
    );
    this.#tool(scout, "Grep", { pattern: this.#task.slug, path: "src" });
    for (const file of this.#task.backend) {
      this.#tool(scout, "Read", { file_path: file });
    }
    this.#prompt(
      scout,
      "scout",
      "Where does this belong?",
      "Six files, two of them central",
    );
    this.#finish(scout);
    planner.nowMs = scout.nowMs;
    this.#prompt(
      planner,
      "plan",
      `Plan: ${this.#task.title}`,
      "A plan in four steps, with risks",
    );
    this.#tool(planner, "Write", { file_path: `specs/${this.#task.slug}.md` });
    this.#finish(planner);
    this.#join([planner]);
    this.#log(
      planner,
      "milestone",
      `Plan is ready: specs/${this.#task.slug}.md`,
      {},
    );
  }

  #build(): void {
    this.#phase("build", 2);
    const sides = [
      { name: "build-api", files: this.#task.backend },
      { name: "build-ui", files: this.#task.frontend },
    ];
    const builders = sides.map(({ name, files }) => {
      const builder = this.#spawn(
        "build",
        name,
        "builder",
        "claude-sonnet-4-5",
      );
      this.#prompt(
        builder,
        "build",
        `Build ${files.join(", ")} as specified`,
        "Starting with the types",
      );
      for (const file of files) {
        this.#tool(builder, "Read", { file_path: file });
        this.#tool(builder, "Edit", { file_path: file });
      }
      const helper = this.#spawn(
        "build",
        name.replace("build", "docs"),
        "utility",
        "claude-haiku-4-5",
        builder,
      );
      this.#tool(helper, "WebFetch", { url: "https://nodejs.org/api/" });
      this.#prompt(
        helper,
        "look_up",
        "What is the idiom for this?",
        "Use the built-in, no package needed",
      );
      this.#finish(helper);
      builder.nowMs = helper.nowMs;
      this.#tool(builder, "Bash", { command: "npx tsc --noEmit" });
      this.#prompt(
        builder,
        "build",
        "Make it compile under strict",
        "Compiles, two files changed",
      );
      this.#finish(builder);
      return builder;
    });
    this.#join(builders);
  }

  /** The first tester fails, a builder mends the cause, the second one passes. */
  #test(): void {
    this.#phase("test", 3);
    const tester = this.#spawn("test", "test", "tester", "claude-sonnet-4-5");
    this.#prompt(tester, "test", "Test what was built", "Runs the whole suite");
    this.#tool(tester, "Bash", { command: "npm test" }, "exit code 1");
    const failure = `1 of 48 tests failed: ${this.#task.failing_test}`;
    this.#log(
      tester,
      "error",
      failure,
      { error_type: "TestFailure", step: "test" },
      "error",
    );
    this.#finish(tester, failure);
    this.#join([tester]);

    const fixer = this.#spawn("test", "fix", "builder", "claude-opus-4-5");
    this.#log(fixer, "event", "Retry 1 of 3: mends what the test found", {
      attempt: 1,
      max_attempts: 3,
    });
    this.#prompt(
      fixer,
      "fix",
      `Mend: ${this.#task.failing_test}`,
      "An off-by-one; one line changed",
      "correction",
    );
    this.#tool(fixer, "Edit", { file_path: this.#task.backend[0] });
    this.#finish(fixer);
    this.#join([fixer]);

    const again = this.#spawn("test", "test-2", "tester", "claude-sonnet-4-5");
    this.#prompt(again, "test", "Test it once more", "Runs the whole suite");
    this.#tool(again, "Bash", { command: "npm test" });
    this.#log(again, "performance", "48 tests passed in 3.1 s", {
      tests: 48,
      duration_ms: 3_100,
    });
    this.#finish(again);
    this.#join([again]);
  }

  #review(): void {
    this.#phase("review", 4);
    const reviewer = this.#spawn(
      "review",
      "review",
      "reviewer",
      "claude-opus-4-5",
    );
    this.#tool(reviewer, "Bash", { command: "git diff main" });
    this.#prompt(
      reviewer,
      "review",
      "Review against the specification",
      "Sound; one name could be clearer",
    );
    const { command } = this.#task;
    this.#status(reviewer, "waiting");
    this.#log(
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
    reviewer.nowMs += this.#between(2_500, 5_000);
    this.#status(reviewer, "reviewing");
    this.#tool(reviewer, "Bash", { command });
    this.#log(
      reviewer,
      "cost_update",
      `Review so far: $${reviewer.cost_usd.toFixed(2)}`,
      {
        cost_usd: reviewer.cost_usd,
      },
    );
    this.#finish(reviewer);
    this.#join([reviewer]);
  }

  #phase(step: string, number: number): void {
    this.#system(
      "adw_step_change",
      `${this.#task.title}: ${step} (${String(number)} of 4)`,
      {
        adw_step: step,
      },
    );
  }

  /** The workflow goes on when the last of these agents is done. */
  #join(agents: readonly Agent[]): void {
    this.#nowMs = Math.max(...agents.map(({ nowMs }) => nowMs)) + 200;
  }

  #spawn(
    step: string,
    role: string,
    agent_type: AgentType,
    model: Model,
    parent?: Agent,
  ): Agent {
    const startedMs = (parent?.nowMs ?? this.#nowMs) + this.#between(50, 600);
    const agent: Agent = {
      id: this.#uuid(),
      name: `${this.#task.slug}/${role}`,
      agent_type,
      model,
      parent_agent_id: parent?.id ?? null,
      session_id: this.#uuid(),
      step,
      status: "initializing",
      nowMs: startedMs,
      startedMs,
      tokens_input: 0,
      tokens_output: 0,
      cost_usd: 0,
    };
    this.#log(agent, "agent_created", `${capitalised(agent_type)} created`, {
      ...identity(agent),
      orchestrator_agent_id: this.#orchestratorId,
      status: agent.status,
    });
    agent.nowMs += this.#between(100, 300);
    this.#log(agent, "agent_started", `Started on ${model}`, identity(agent));
    if (agent_type === "planner") this.#status(agent, "planning");
    else if (agent_type === "reviewer") this.#status(agent, "reviewing");
    else this.#status(agent, "executing");
    this.#log(agent, "step_start", `Step ${role}`, { step: role });
    return agent;
  }

  #finish(agent: Agent, failure?: string): void {
    const duration_ms = agent.nowMs - agent.startedMs;
    const status = failure === undefined ? "completed" : "failed";
    const cause = failure === undefined ? {} : { error_message: failure };
    const level = failure === undefined ? "info" : "error";
    const step = agent.name.slice(this.#task.slug.length + 1);
    this.#log(
      agent,
      "step_end",
      `Step ${step} ${status}`,
      { step, status, duration_ms, ...cause },
      level,
    );
    this.#status(agent, status, cause);
    const { tokens_input, tokens_output, cost_usd } = agent;
    this.#log(
      agent,
      `agent_${status}`,
      failure ?? `Done in ${(duration_ms / 1_000).toFixed(1)} s`,
      {
        ...identity(agent),
        duration_ms,
        tokens_input,
        tokens_output,
        cost_usd,
        ...cause,
      },
      level,
    );
  }

  #status(
    agent: Agent,
    status: string,
    more: Record<string, unknown> = {},
  ): void {
    const previous_status = agent.status;
    agent.status = status;
    this.#log(agent, "agent_status_changed", `${previous_status} → ${status}`, {
      status,
      previous_status,
      name: agent.name,
      cost_usd: agent.cost_usd,
      ...more,
    });
  }

  #prompt(
    agent: Agent,
    prompt_name: string,
    prompt_text: string,
    response_text: string,
    prompt_type = "adw",
  ): void {
    const prompt = {
      prompt_id: this.#uuid(),
      prompt_type,
      prompt_name,
      model: agent.model,
    };
    this.#log(agent, "prompt_sent", prompt_text, { ...prompt, prompt_text });
    const latency_ms = this.#between(900, 4_000);
    const tokens_input = this.#between(2_000, 24_000);
    const tokens_output = this.#between(150, 2_500);
    const price = PRICES[agent.model];
    const cost_usd = dollars(
      (tokens_input * price.input + tokens_output * price.output) / 1e6,
    );
    agent.nowMs += latency_ms;
    agent.tokens_input += tokens_input;
    agent.tokens_output += tokens_output;
    agent.cost_usd = dollars(agent.cost_usd + cost_usd);
    this.#log(agent, "prompt_completed", response_text, {
      ...prompt,
      status: "completed",
      response_text,
      tokens_input,
      tokens_output,
      cost_usd,
      latency_ms,
    });
  }

  #tool(
    agent: Agent,
    tool_name: string,
    tool_input: Record<string, unknown>,
    error?: string,
  ): void {
    const duration_ms = this.#between(80, 1_400);
    agent.nowMs += duration_ms;
    const outcome =
      error === undefined ? { duration_ms } : { duration_ms, error };
    const subject = String(Object.values(tool_input)[0]);
    const ending = error === undefined ? "" : `: ${error}`;
    this.#log(
      agent,
      "tool_call",
      `${tool_name} ${subject}${ending}`,
      {
        tool_name,
        tool_use_id: `toolu_${this.#hex(16)}`,
        tool_input,
        ...outcome,
      },
      error === undefined ? "info" : "warning",
    );
  }

  #log(
    agent: Agent,
    event_type: string,
    message: string,
    metadata: Record<string, unknown>,
    log_level = "info",
  ): void {
    const { id, parent_agent_id, session_id, step } = agent;
    const context = {
      parent_agent_id,
      session_id,
      adw_id: this.#adwId,
      adw_step: step,
    };
    this.#add(
      agent.nowMs,
      id,
      event_type,
      message,
      { ...metadata, ...context },
      log_level,
    );
  }

  #system(
    event_type: string,
    message: string,
    metadata: Record<string, unknown>,
  ): void {
    const context = { component: "orchestrator", adw_id: this.#adwId };
    this.#add(
      this.#nowMs,
      "system",
      event_type,
      message,
      { ...context, ...metadata },
      "info",
    );
  }

  #add(
    atMs: number,
    agent_id: string,
    event_type: string,
    message: string,
    metadata: Record<string, unknown>,
    log_level: string,
  ): void {
    const log_type = LOG_TYPES[event_type] ?? "event";
    this.#events.push({
      at_ms: atMs,
      event_type,
      agent_id,
      message,
      metadata,
      log_type,
      log_level,
    });
  }

  #between(low: number, high: number): number {
    return Math.round(low + this.#random() * (high - low));
  }

  #hex(length: number): string {
    const digit = () => Math.floor(this.#random() * 16).toString(16);
    return Array.from({ length }, digit).join("");
  }

  /** Shaped like a version 4 UUID (RFC 9562 §5.4), but from the seed. */
  #uuid(): string {
    const hex = this.#hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/** The log type of an event type, where it is not "event". */
const LOG_TYPES: Readonly<Record<string, string>> = {
  step_start: "step_start",
  step_end: "step_end",
  tool_call: "tool_call",
  error: "error",
  agent_failed: "error",
  agent_status_changed: "state_change",
  milestone: "milestone",
  performance: "performance",
  cost_update: "cost_update",
};

function identity({ name, agent_type, model }: Agent): Record<string, unknown> {
  return { name, agent_type, model };
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** To a hundredth of a cent, so that sums stay readable. */
function dollars(amount: number): number {
  return Math.round(amount * 1e4) / 1e4;
}
