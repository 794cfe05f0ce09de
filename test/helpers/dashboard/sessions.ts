/** Sessions of coding agents, of several projects and sources: deterministic, no clock. */
import { makeEvent } from "./fleet.ts";
import type { NewEvent } from "./modules.ts";

/** What is told of one agent, in order, each a little later than the one before. */
export class AgentLog {
  readonly events: NewEvent[] = [];
  readonly id: string;
  readonly #about: { session: string; project: string; source: string };
  #at: number;
  #calls = 0;

  constructor(
    id: string,
    about: { session: string; project: string; source: string },
    start: number,
  ) {
    this.id = id;
    this.#about = about;
    this.#at = start;
  }

  /** The time of what is told next. */
  get now(): number {
    return this.#at;
  }

  wait(seconds: number): this {
    this.#at += seconds * 1_000;
    return this;
  }

  add(
    type: string,
    message: string,
    metadata: Record<string, unknown> = {},
    level = "info",
  ): this {
    const { session, project, source } = this.#about;
    const event = makeEvent(this.id, type, message, this.#at, {
      session,
      level,
      metadata,
    });
    this.events.push({
      ...event,
      ...(project === "" ? {} : { project }),
      ...(source === "" ? {} : { source }),
    });
    return this.wait(1);
  }

  created(metadata: Record<string, unknown>): this {
    this.add("agent_created", `${String(metadata["name"])} created`, {
      status: "executing",
      ...metadata,
    });
    return this;
  }

  prompt(text: string, answer?: string): this {
    const prompt_id = `${this.id}-p${this.events.length}`;
    this.add("prompt_sent", "Prompt sent: adw", {
      prompt_id,
      prompt_text: text,
    });
    if (answer !== undefined) this.answer(answer, prompt_id);
    return this;
  }

  answer(text: string, prompt_id = `${this.id}-p`): this {
    return this.add("prompt_completed", "Prompt completed: adw", {
      prompt_id,
      status: "completed",
      response_text: text,
    });
  }

  said(text: string): this {
    return this.add("agent_message", text.slice(0, 500), { text });
  }

  /** A call as it is told: at its start, and once more at its end. */
  call(
    tool_name: string,
    tool_input: unknown,
    end: { error?: string; output?: unknown; open?: boolean; ms?: number } = {},
  ): this {
    const tool_use_id = `${this.id}-c${(this.#calls += 1)}`;
    const argument =
      typeof tool_input === "string"
        ? tool_input
        : Object.values(tool_input ?? {}).find(
            (value) => typeof value === "string",
          );
    const label = `${tool_name} ${String(argument).slice(0, 80)}`;
    const call = { tool_name, tool_use_id, tool_input };
    this.add("tool_call", label, call);
    if (end.open) return this;
    return this.add(
      "tool_call",
      label,
      {
        ...call,
        duration_ms: end.ms ?? 840,
        ...(end.error === undefined
          ? { tool_output: end.output ?? "ok" }
          : { error: end.error }),
      },
      end.error === undefined ? "info" : "warning",
    );
  }

  used(model: string, cost: Record<string, unknown>): this {
    return this.add("cost_update", `${model}: one request`, {
      model,
      tokens_input: 1_200,
      tokens_output: 640,
      tokens_cache_read: 48_000,
      tokens_cache_write: 2_400,
      ...cost,
    });
  }

  status(status: string, metadata: Record<string, unknown> = {}): this {
    return this.add("agent_status_changed", `Status: ${status}`, {
      status,
      ...metadata,
    });
  }
}

const SONNET = "claude-sonnet-4-5";

/** A morning on one machine: three projects, four coding agents and a workflow of our own. */
export function agentSessions(end: number): NewEvent[] {
  const start = end - 9 * 60_000;
  const logs = [
    ...claudeSession(start),
    codexSession(start + 120_000),
    geminiSession(start - 3_600_000),
    openCodeSession(start + 60_000),
    ...workflow(start + 30_000),
    ...Array.from({ length: 6 }, (_, n) => oldSession(start, n)),
  ];
  return inOrder(logs);
}

export function inOrder(logs: readonly AgentLog[]): NewEvent[] {
  return logs
    .flatMap(({ events }) => events)
    .sort((a, b) => a.timestamp.localeCompare(b.timestamp));
}

function claudeSession(start: number): AgentLog[] {
  const session = "0b7d6a52-6d1e-4c2b-8f6e-1f0f3a9b7c01";
  const about = { session, project: "shop", source: "claude-code" };
  const main = new AgentLog(session, about, start);
  main
    .created({
      name: "claude-code shop",
      model: SONNET,
      cwd: "/home/ada/shop",
      title: "Make the checkout retry payments only once",
    })
    .prompt(
      "Make the checkout retry payments only once\n\nA customer was charged twice last night. Find out why, fix it, and add a test.",
    )
    .said("I will look at how the payment step retries first.")
    .call("Read", { file_path: "src/checkout/payment.ts" }, { ms: 42 })
    .call("Grep", { pattern: "retry", path: "src" }, { ms: 120 })
    .call("Read", { file_path: "test/payment.test.ts" }, { ms: 38 })
    .used(SONNET, {
      cost_usd: 0.0842,
      cost_source: "reported",
      cost_differs: { reported: 0.0842, estimated: 0.0911 },
    })
    .add("hook_execution_complete", "hook_execution_complete", {
      total_duration_ms: 6,
    });
  const scout = new AgentLog(`${session}:explore-1`, about, main.now + 500);
  scout
    .created({ name: "Explore", model: SONNET, parent_agent_id: session })
    .prompt("Find every place that retries a payment.")
    .call("Grep", { pattern: "retry\\(" })
    .call("Grep", { pattern: "attempts" })
    .used(SONNET, { cost_usd: 0.031, cost_source: "reported" })
    .answer("Two places: payment.ts line 12, and the queue in worker.ts.")
    .status("completed");
  main
    .call("Agent", { description: "Find retries", prompt: "Find every place" })
    .wait(12)
    .said(
      "The call is retried on a 409, which means that it already went through.",
    )
    .call("Edit", {
      file_path: "src/checkout/payment.ts",
      old_string:
        "export async function pay(order: Order) {\n  for (let attempt = 0; attempt < 2; attempt++) {\n    const answer = await send(order);\n    if (answer.ok) return answer;\n  }\n  throw new PaymentError(order);\n}",
      new_string:
        "export async function pay(order: Order) {\n  const answer = await send(order);\n  // 409: this order is paid already.\n  if (answer.ok || answer.status === 409) return answer;\n  throw new PaymentError(order);\n}",
    })
    .call("Write", {
      file_path: "test/payment-once.test.ts",
      content:
        'import { pay } from "../src/checkout/payment.ts";\n\ntest("pays once", async () => {\n  expect(await pay(order)).toMatchObject({ ok: true });\n});\n',
    })
    .call(
      "Bash",
      { command: "npm test -- payment" },
      { error: "Exit code 1\n1 test failed: order is not defined", ms: 8_300 },
    )
    .call("MultiEdit", {
      file_path: "test/payment-once.test.ts",
      edits: [
        {
          old_string: 'test("pays once"',
          new_string: 'const order = makeOrder();\ntest("pays once"',
        },
      ],
    })
    .call("Bash", { command: "npm test -- payment" }, { ms: 7_900 })
    .used(SONNET, { cost_usd: 0.1204, cost_source: "reported" })
    .add(
      "permission_request",
      "Bash git push",
      { tool_name: "Bash", tool_input: { command: "git push" } },
      "warning",
    );
  return [main, scout];
}

function codexSession(start: number): AgentLog {
  const session = "01990c4e-77aa-7bb0-9f0e-5c2f6a1d2e03";
  const about = { session, project: "shop", source: "codex" };
  return new AgentLog(session, about, start)
    .created({
      name: "codex shop",
      model: "gpt-5.1-codex",
      cwd: "/home/ada/shop",
      title: "Upgrade the linter and fix what it finds",
    })
    .prompt("Upgrade the linter and fix what it finds")
    .call("Bash", { command: "npm i -D eslint@latest" }, { ms: 5_200 })
    .call(
      "apply_patch",
      "*** Begin Patch\n*** Update File: src/cart.ts\n@@ export function total\n-  let sum = 0\n+  const sum = items.reduce(add, 0);\n   return sum;\n*** End Patch",
    )
    .used("gpt-5.1-codex", { cost_usd: 0.0412, cost_source: "estimated" })
    .call("Bash", { command: "npx eslint src" }, { open: true });
}

function geminiSession(start: number): AgentLog {
  const session = "5b1f6f0a-2a55-4b61-9a6c-6a3f8f0f2b04";
  const about = { session, project: "api", source: "gemini-cli" };
  return new AgentLog(session, about, start)
    .created({
      name: "gemini-cli api",
      model: "gemini-3-pro",
      cwd: "/home/ada/api",
      title: "Explain the rate limiter",
    })
    .prompt("Explain the rate limiter")
    .call("read_file", { file_path: "src/limit.ts" })
    .used("gemini-3-pro", { cost_usd: null, cost_source: "unknown" })
    .said("It is a token bucket: each client gets 20 requests a second.")
    .answer("It is a token bucket: each client gets 20 requests a second.")
    .status("completed");
}

function openCodeSession(start: number): AgentLog {
  const session = "ses_5f2c0d1e";
  const about = { session, project: "website", source: "opencode" };
  return new AgentLog(session, about, start)
    .created({
      name: "opencode website",
      model: SONNET,
      cwd: "/home/ada/website",
      title: "Write the page about prices",
    })
    .prompt("Write the page about prices")
    .call("write", {
      filePath: "prices.md",
      content: "# Prices\n\nTen a month.\n",
    })
    .used(SONNET, { cost_usd: 0.0203, cost_source: "reported" })
    .answer("The page is there.")
    .status("idle");
}

/** Two agents that know nothing of each other but the session. */
function workflow(start: number): AgentLog[] {
  const about = { session: "adw-7", project: "api", source: "adw" };
  return ["planner", "builder"].map((name, n) =>
    new AgentLog(`adw-7-${name}`, about, start + n * 40_000)
      .created({ name, agent_type: name, model: "claude-opus-4-1" })
      .add("step_start", `${name} started`, { step: name, step_id: name })
      .prompt(`As ${name}, work on the issue`, "Done as asked.")
      .add("prompt_completed", "Prompt completed", {
        tokens_input: 9_000,
        tokens_output: 1_100,
        cost_usd: 0.21,
      }),
  );
}

/** One of yesterday's, all done. */
function oldSession(start: number, n: number): AgentLog {
  const session = `7c0e9a10-0000-4000-8000-00000000000${n}`;
  const source = n % 2 === 0 ? "claude-code" : "codex";
  const about = { session, project: n < 4 ? "shop" : "website", source };
  return new AgentLog(session, about, start - 86_400_000 + n * 600_000)
    .created({
      name: `${source} ${about.project}`,
      model: SONNET,
      title: `Small task ${n + 1}`,
    })
    .prompt(`Small task ${n + 1}`)
    .call("Bash", { command: "npm test" })
    .used(SONNET, { cost_usd: 0.05, cost_source: "reported" })
    .answer("All done.")
    .status("completed");
}
