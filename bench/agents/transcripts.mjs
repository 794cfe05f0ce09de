/** Transcripts of Claude Code, of any size, the same every time. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

const WORDS =
  "the server reads each file once and keeps its place so that nothing is told twice const value = await import from return if else function export type".split(
    " ",
  );

/**
 * @param {string} home
 * @param {{ bytes: number, files: number, first?: number }} options - in all; the number of the first one
 * @returns {string[]} the files
 */
export function writeTranscripts(home, { bytes, files, first = 0 }) {
  const paths = [];
  const each = bytes / files;
  const started = Date.now() - 3_600_000;
  for (let index = first; index < first + files; index++) {
    const folder = join(home, ".claude/projects", `-tmp-project-${index % 40}`);
    mkdirSync(folder, { recursive: true });
    const session = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
    const path = join(folder, `${session}.jsonl`);
    const file = openSync(path, "w");
    let written = 0;
    for (let turn = 0; written < each; turn++) {
      const lines = turnOf(session, index, turn, started + turn * 5_000);
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      written += writeSync(file, text);
    }
    closeSync(file);
    paths.push(path);
  }
  return paths;
}

/** A prompt, a call with its result, an answer: about 7 kB. */
function turnOf(session, index, turn, at) {
  const call = `toolu_${index}_${turn}`;
  const base = (offset) => ({
    uuid: `${index}-${turn}-${offset}`,
    timestamp: new Date(at + offset).toISOString(),
    sessionId: session,
    cwd: `/tmp/project-${index % 40}`,
    gitBranch: "main",
    version: "2.1.332",
  });
  const answer = (part, content) => ({
    requestId: `req_${index}_${turn}_${part}`,
    message: {
      id: `msg_${index}_${turn}_${part}`,
      role: "assistant",
      model: "claude-opus-5-5",
      content: [content],
      stop_reason: content.type === "text" ? "end_turn" : "tool_use",
      usage: {
        input_tokens: 12,
        output_tokens: 300,
        cache_read_input_tokens: 40_000,
        cache_creation_input_tokens: 900,
      },
    },
  });
  const output = textOf(5_000, index * 31 + turn);
  return [
    {
      ...base(0),
      type: "user",
      promptId: `prompt_${index}_${turn}`,
      message: { role: "user", content: textOf(200, turn) },
    },
    {
      ...base(1_000),
      type: "assistant",
      ...answer("a", {
        type: "tool_use",
        id: call,
        name: "Read",
        input: { file_path: `/tmp/project/src/file-${turn}.ts` },
      }),
    },
    {
      ...base(2_000),
      type: "user",
      message: {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: call, content: output }],
      },
    },
    {
      ...base(3_000),
      type: "assistant",
      ...answer("b", { type: "text", text: textOf(600, turn + 7) }),
    },
  ];
}

function textOf(length, seed) {
  let text = "";
  for (let word = seed; text.length < length; word++)
    text += `${WORDS[(word * 7) % WORDS.length]}${word % 9 === 0 ? "\n" : " "}`;
  return text;
}
