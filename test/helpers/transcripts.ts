/** Homes with what coding agents write into them, in the shapes of November 2026. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadRendered } from "./rendered-modules.ts";

export type Line = Readonly<Record<string, unknown>>;

/** Lines of JSON, at the end of a file that is made when missing. */
export function append(file: string, lines: readonly Line[]): void {
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(
    file,
    lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  );
}

const iso = (at: number) => new Date(at).toISOString();

// ------------------------------------------------------------- Claude Code

export interface ClaudeSession {
  session: string;
  cwd: string;
  /** Of the prompt, in ms since the epoch. */
  at: number;
  prompt?: string;
  model?: string;
}

export function claudeFile(
  home: string,
  { session, cwd }: Pick<ClaudeSession, "session" | "cwd">,
): string {
  const folder = cwd.replaceAll(/[^a-zA-Z0-9]/g, "-");
  return join(home, ".claude/projects", folder, `${session}.jsonl`);
}

const USAGE = {
  input_tokens: 10,
  cache_creation_input_tokens: 200,
  cache_read_input_tokens: 3_000,
  output_tokens: 40,
};

function claudeLine(
  { session, cwd }: Pick<ClaudeSession, "session" | "cwd">,
  at: number,
  line: Line,
): Line {
  return {
    uuid: `${session}-${at}-${JSON.stringify(line).length}`,
    timestamp: iso(at),
    sessionId: session,
    cwd,
    gitBranch: "main",
    version: "2.1.332",
    isSidechain: false,
    ...line,
  };
}

/** A turn that runs one command: two requests, the first told by two lines. */
export function claudeTurn(turn: ClaudeSession, number = 1): Line[] {
  const { at, prompt = "Say hi", model = "claude-opus-5-5", session } = turn;
  const answer = (id: string, content: Line, stop: string | null) => ({
    type: "assistant",
    requestId: `req_${session}_${number}_${id}`,
    message: {
      id: `msg_${session}_${number}_${id}`,
      role: "assistant",
      model,
      content: [content],
      stop_reason: stop,
      usage: USAGE,
    },
  });
  const call = `toolu_${session}_${number}`;
  return [
    claudeLine(turn, at, {
      type: "user",
      promptId: `p_${session}_${number}`,
      message: { role: "user", content: prompt },
    }),
    claudeLine(
      turn,
      at + 1_000,
      answer("a", { type: "text", text: "Let me look." }, null),
    ),
    claudeLine(
      turn,
      at + 1_001,
      answer(
        "a",
        {
          type: "tool_use",
          id: call,
          name: "Bash",
          input: { command: "echo hi" },
        },
        "tool_use",
      ),
    ),
    claudeLine(turn, at + 2_000, {
      type: "user",
      message: {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: call, content: "hi" }],
      },
      toolUseResult: { stdout: "hi", stderr: "", interrupted: false },
    }),
    claudeLine(
      turn,
      at + 3_000,
      answer("b", { type: "text", text: "Done." }, "end_turn"),
    ),
  ];
}

/** What one turn of the above uses. */
export const CLAUDE_TURN_TOKENS = {
  tokens_input: 20,
  tokens_output: 80,
  tokens_cache_read: 6_000,
  tokens_cache_write: 400,
};

/** A subagent's own file, and the one that says which call started it. */
export function writeClaudeSubagent(
  home: string,
  turn: ClaudeSession,
  id: string,
  toolUseId: string,
): void {
  const folder = claudeFile(home, turn).replace(/\.jsonl$/, "");
  const file = join(folder, "subagents", `agent-${id}.jsonl`);
  append(
    file,
    claudeTurn({ ...turn, session: `${turn.session}_${id}` }).map((line) => ({
      ...line,
      sessionId: turn.session,
      agentId: id,
      isSidechain: true,
    })),
  );
  writeFileSync(
    file.replace(/\.jsonl$/, ".meta.json"),
    JSON.stringify({
      agentType: "Explore",
      description: "Look around",
      toolUseId,
      spawnDepth: 1,
    }),
  );
}

// ------------------------------------------------------------------- Codex

export interface CodexSession {
  /** A UUID. */
  session: string;
  cwd: string;
  at: number;
  prompt?: string;
}

export function codexFile(
  home: string,
  { session, at }: Pick<CodexSession, "session" | "at">,
): string {
  const [date = "", time = ""] = iso(at).split("T");
  const stamp = `${date}T${time.slice(0, 8).replaceAll(":", "-")}`;
  return join(
    home,
    ".codex/sessions",
    date.replaceAll("-", "/"),
    `rollout-${stamp}-${session}.jsonl`,
  );
}

export function codexTurn({
  session,
  cwd,
  at,
  prompt = "List the files",
}: CodexSession): Line[] {
  let ordinal = 0;
  const line = (offset: number, type: string, payload: Line) => ({
    timestamp: iso(at + offset),
    ordinal: (ordinal += 1),
    type,
    payload,
  });
  const usage = {
    input_tokens: 500,
    cached_input_tokens: 100,
    output_tokens: 20,
  };
  return [
    line(0, "session_meta", {
      id: session,
      timestamp: iso(at),
      cwd,
      originator: "codex_exec",
      git: { branch: "main" },
    }),
    line(1, "turn_context", { cwd, model: "gpt-5.5-codex" }),
    line(2, "event_msg", { type: "task_started" }),
    line(3, "event_msg", { type: "user_message", message: prompt }),
    line(1_000, "response_item", {
      type: "function_call",
      name: "exec_command",
      arguments: '{"cmd":"ls"}',
      call_id: `call_${session}`,
    }),
    line(1_500, "response_item", {
      type: "function_call_output",
      call_id: `call_${session}`,
      output: "README.md",
    }),
    line(1_600, "event_msg", {
      type: "token_count",
      info: { total_token_usage: usage, last_token_usage: usage },
    }),
    line(2_000, "event_msg", { type: "agent_message", message: "One file." }),
    line(2_001, "event_msg", {
      type: "task_complete",
      last_agent_message: "One file.",
    }),
  ];
}

export const CODEX_TURN_TOKENS = {
  tokens_input: 400,
  tokens_output: 20,
  tokens_cache_read: 100,
  tokens_cache_write: 0,
};

// -------------------------------------------------------------- Gemini CLI

export interface GeminiSession {
  session: string;
  at: number;
  prompt?: string;
}

/** Where its project is, which the chats do not say. */
export function writeGeminiRoot(home: string, root: string): void {
  const file = join(home, ".gemini/tmp/shop/.project_root");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, root);
}

export function geminiFile(
  home: string,
  { session, at }: GeminiSession,
): string {
  const stamp = iso(at).slice(0, 16).replace(":", "-");
  return join(
    home,
    ".gemini/tmp/shop/chats",
    `session-${stamp}-${session.slice(0, 8)}.jsonl`,
  );
}

/** The answer is written twice, the second time with more in it. */
export function geminiTurn({
  session,
  at,
  prompt = "What is here?",
}: GeminiSession): Line[] {
  const answer = {
    id: `g_${session}`,
    timestamp: iso(at + 1_000),
    type: "gemini",
    model: "gemini-2.5-pro",
    content: "A README.",
    tokens: {
      input: 700,
      output: 30,
      cached: 0,
      thoughts: 0,
      tool: 0,
      total: 730,
    },
  };
  return [
    { sessionId: session, projectHash: "shop", startTime: iso(at) },
    { id: `u_${session}`, timestamp: iso(at), type: "user", content: prompt },
    { ...answer, tokens: { ...answer.tokens, output: 10 } },
    { ...answer, toolCalls: [] },
    { $set: { lastUpdated: iso(at + 1_000) } },
  ];
}

export const GEMINI_TURN_TOKENS = {
  tokens_input: 700,
  tokens_output: 30,
  tokens_cache_read: 0,
  tokens_cache_write: 0,
};

// ---------------------------------------------------------------- OpenCode

export interface OpenCodeSession {
  session: string;
  cwd: string;
  at: number;
  prompt?: string;
}

export function openCodeFile(home: string): string {
  return join(home, ".local/share/opencode/opencode.db");
}

/** What OpenCode 1.18 leaves in its database after a turn with one request. */
export function writeOpenCode(
  file: string,
  { session, cwd, at, prompt = "Look around" }: OpenCodeSession,
): void {
  mkdirSync(dirname(file), { recursive: true });
  const { openConnection } = loadRendered(
    "adw_modules/adw_database/connection",
  );
  const database = openConnection(file, 1_000);
  database.exec(`
    CREATE TABLE IF NOT EXISTS session (id text PRIMARY KEY, parent_id text,
      directory text NOT NULL, title text NOT NULL, time_created integer, time_updated integer);
    CREATE TABLE IF NOT EXISTS message (id text PRIMARY KEY, session_id text NOT NULL,
      time_created integer, time_updated integer, data text NOT NULL);
    CREATE TABLE IF NOT EXISTS part (id text PRIMARY KEY, message_id text NOT NULL,
      session_id text NOT NULL, time_created integer, time_updated integer, data text NOT NULL);
    CREATE TABLE IF NOT EXISTS event (id text PRIMARY KEY, aggregate_id text NOT NULL,
      seq integer NOT NULL, type text NOT NULL, data text NOT NULL);
  `);
  let seq = 0;
  const event = (type: string, time: number, data: Line) => {
    seq += 1;
    database
      .prepare("INSERT INTO event VALUES (?, ?, ?, ?, ?)")
      .run(
        `evt_${session}_${seq}`,
        session,
        seq,
        `${type}.1`,
        JSON.stringify({ sessionID: session, time, ...data }),
      );
  };
  const message = (id: string, time: number, info: Line) => {
    database
      .prepare("INSERT INTO message VALUES (?, ?, ?, ?, ?)")
      .run(id, session, time, time, JSON.stringify(info));
    event("message.updated", time, {
      info: { id, sessionID: session, ...info },
    });
  };
  const part = (id: string, messageID: string, time: number, data: Line) => {
    database
      .prepare("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)")
      .run(id, messageID, session, time, time, JSON.stringify(data));
    event("message.part.updated", time, {
      part: { id, messageID, sessionID: session, ...data },
    });
  };
  const [question, answer] = [`msg_${session}_1`, `msg_${session}_2`];
  database
    .prepare("INSERT INTO session VALUES (?, NULL, ?, ?, ?, ?)")
    .run(session, cwd, "Look around", at, at + 3_000);
  event("session.created", at, {
    info: {
      id: session,
      directory: cwd,
      title: `New session - ${iso(at)}`,
      time: { created: at },
    },
  });
  message(question, at + 1, { role: "user", time: { created: at + 1 } });
  part(`prt_${session}_1`, question, at + 1, { type: "text", text: prompt });
  const assistant = {
    role: "assistant",
    modelID: "claude-opus-5-5",
    providerID: "anthropic",
  };
  event("message.updated", at + 1_000, {
    info: {
      id: answer,
      sessionID: session,
      ...assistant,
      time: { created: at + 1_000 },
    },
  });
  part(`prt_${session}_2`, answer, at + 2_000, {
    type: "text",
    text: "Nothing here.",
    time: { start: at + 1_500, end: at + 2_000 },
  });
  part(`prt_${session}_3`, answer, at + 2_100, {
    type: "step-finish",
    reason: "stop",
    cost: 0.25,
    tokens: {
      input: 900,
      output: 20,
      reasoning: 5,
      cache: { read: 100, write: 0 },
    },
  });
  message(answer, at + 1_000, {
    ...assistant,
    time: { created: at + 1_000, completed: at + 3_000 },
    finish: "stop",
  });
  database.close();
}

export const OPENCODE_TURN_TOKENS = {
  tokens_input: 900,
  tokens_output: 25,
  tokens_cache_read: 100,
  tokens_cache_write: 0,
};

/** The environment of a home of its own: no variable of the agents is set. */
export const homeAlone = (home: string): NodeJS.ProcessEnv => ({
  HOME: home,
  CLAUDE_CONFIG_DIR: undefined,
  CODEX_HOME: undefined,
  GEMINI_CLI_HOME: undefined,
  XDG_DATA_HOME: undefined,
  XDG_STATE_HOME: undefined,
});
