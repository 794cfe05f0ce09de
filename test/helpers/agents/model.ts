/**
 * The model's side of four coding agents, on loopback: it says what the script says,
 * and nothing else. Which turn it is, the request itself tells: it holds all before it.
 */
import { randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Call, Script, Turn, Usage } from "./script.ts";

/** What is read of a request; the rest is the agent's business. */
interface Asked {
  /** Everything that was said before, as text. */
  text: string;
  /** How often the model has answered. */
  answered: number;
  /** Whether the agent's own tools are offered: what is asked on the side has none. */
  hasTools: boolean;
}

interface Answer {
  id: string;
  turn: Turn;
}

const SIDE: Turn = {
  say: '{"title":"Notes","next_speaker":"user","reasoning":"done"}',
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
};

export async function startModel(script: Script) {
  /** What went over each road, for those who look for a fault. */
  const requests: { path: string; hasTools: boolean; answered: number }[] = [];
  const answerTo = ({ text, answered, hasTools }: Asked): Answer => {
    const [, turns] = Object.entries(script.subagents).find(
      ([prompt]) => !text.includes(script.prompt) && text.includes(prompt),
    ) ?? ["", script.turns];
    const turn = hasTools ? turns[answered] : SIDE;
    return {
      id: randomUUID().replaceAll("-", "").slice(0, 16),
      turn: turn ?? SIDE,
    };
  };

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const path = request.url ?? "";
      const dialect = DIALECTS.find(({ matches }) => matches.test(path));
      if (dialect === undefined || request.method !== "POST") {
        response.writeHead(404).end("{}");
        return;
      }
      const asked = dialect.read(body);
      requests.push({ path, ...asked, text: undefined } as never);
      dialect.write(response, answerTo(asked), body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

type Body = Record<string, unknown>;

interface Dialect {
  matches: RegExp;
  read: (body: Body) => Asked;
  write: (response: ServerResponse, answer: Answer, body: Body) => void;
}

const list = (value: unknown): Body[] =>
  Array.isArray(value) ? (value as Body[]) : [];

async function bodyOf(request: IncomingMessage): Promise<Body> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
}

function stream(
  response: ServerResponse,
  events: readonly (readonly [string | null, unknown])[],
  end = "",
): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [name, data] of events) {
    if (name !== null) response.write(`event: ${name}\n`);
    response.write(`data: ${JSON.stringify(data)}\n\n`);
  }
  response.end(end);
}

const DIALECTS: readonly Dialect[] = [
  {
    // Anthropic Messages: Claude Code.
    matches: /^\/v1\/messages(\?|$)/,
    read: (body) => ({
      text: JSON.stringify(body["messages"]),
      answered: list(body["messages"]).filter(
        ({ role }) => role === "assistant",
      ).length,
      hasTools: list(body["tools"]).length > 0,
    }),
    write: (response, { id, turn }, body) => {
      const { say, call, usage } = turn;
      const tool = call === undefined ? undefined : claudeTool(call);
      const message = {
        id: `msg_${id}`,
        type: "message",
        role: "assistant",
        model: body["model"],
        content: [],
        stop_reason: null,
        usage: { ...claudeUsage(usage), output_tokens: 1 },
      };
      const block = (index: number, start: object, delta: object) =>
        [
          [
            "content_block_start",
            { type: "content_block_start", index, content_block: start },
          ],
          [
            "content_block_delta",
            { type: "content_block_delta", index, delta },
          ],
          ["content_block_stop", { type: "content_block_stop", index }],
        ] as const;
      stream(response, [
        ["message_start", { type: "message_start", message }],
        ...block(
          0,
          { type: "text", text: "" },
          { type: "text_delta", text: say },
        ),
        ...(tool === undefined
          ? []
          : block(
              1,
              { type: "tool_use", id: `toolu_${id}`, name: tool[0], input: {} },
              {
                type: "input_json_delta",
                partial_json: JSON.stringify(tool[1]),
              },
            )),
        [
          "message_delta",
          {
            type: "message_delta",
            delta: {
              stop_reason: tool === undefined ? "end_turn" : "tool_use",
            },
            usage: claudeUsage(usage),
          },
        ],
        ["message_stop", { type: "message_stop" }],
      ]);
    },
  },
  {
    // OpenAI Responses: Codex.
    matches: /\/responses$/,
    read: (body) => ({
      text: JSON.stringify(body["input"]),
      answered: list(body["input"]).filter(
        ({ type }) => type === "function_call",
      ).length,
      hasTools: list(body["tools"]).length > 0,
    }),
    write: (response, { id, turn }) => {
      const { say, call, usage } = turn;
      const responseId = `resp_${id}`;
      const items: object[] = [
        {
          type: "message",
          id: `msg_${id}`,
          role: "assistant",
          content: [{ type: "output_text", text: say }],
        },
      ];
      if (call !== undefined)
        items.push({
          type: "function_call",
          id: `fc_${id}`,
          call_id: `call_${id}`,
          name: "exec_command",
          arguments: JSON.stringify({ cmd: shellOf(call) }),
        });
      stream(response, [
        [
          "response.created",
          { type: "response.created", response: { id: responseId } },
        ],
        ...items.map(
          (item, output_index) =>
            [
              "response.output_item.done",
              { type: "response.output_item.done", output_index, item },
            ] as const,
        ),
        [
          "response.completed",
          {
            type: "response.completed",
            response: { id: responseId, usage: openAiUsage(usage) },
          },
        ],
      ]);
    },
  },
  {
    // Gemini: streamGenerateContent.
    matches: /:streamGenerateContent/,
    read: readGemini,
    write: (response, { turn }, body) => {
      stream(response, [[null, geminiAnswer(turn, body)]]);
    },
  },
  {
    matches: /:generateContent/,
    read: readGemini,
    write: (response, { turn }, body) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(geminiAnswer(turn, body)));
    },
  },
  {
    // OpenAI chat completions: OpenCode.
    matches: /\/chat\/completions$/,
    read: (body) => ({
      text: JSON.stringify(body["messages"]),
      answered: list(body["messages"]).filter(
        ({ role }) => role === "assistant",
      ).length,
      hasTools: list(body["tools"]).length > 0,
    }),
    write: (response, { id, turn }, body) => {
      const { say, call, usage } = turn;
      const chunk = (delta: object, finish: string | null, more = {}) =>
        [
          null,
          {
            id: `chatcmpl-${id}`,
            object: "chat.completion.chunk",
            model: body["model"],
            choices: [{ index: 0, delta, finish_reason: finish }],
            ...more,
          },
        ] as const;
      const tool = call === undefined ? undefined : openCodeTool(call);
      stream(
        response,
        [
          chunk({ role: "assistant", content: say }, null),
          ...(tool === undefined
            ? []
            : [
                chunk(
                  {
                    tool_calls: [
                      {
                        index: 0,
                        id: `call_${id}`,
                        type: "function",
                        function: {
                          name: tool[0],
                          arguments: JSON.stringify(tool[1]),
                        },
                      },
                    ],
                  },
                  null,
                ),
              ]),
          chunk({}, tool === undefined ? "stop" : "tool_calls", {
            usage: {
              prompt_tokens: usage.input + usage.cacheRead,
              completion_tokens: usage.output,
              total_tokens: usage.input + usage.cacheRead + usage.output,
              prompt_tokens_details: { cached_tokens: usage.cacheRead },
            },
          }),
        ],
        "data: [DONE]\n\n",
      );
    },
  },
];

function readGemini(body: Body): Asked {
  return {
    text: JSON.stringify(body["contents"]),
    answered: list(body["contents"]).filter(({ role }) => role === "model")
      .length,
    hasTools: list(body["tools"]).length > 0,
  };
}

function geminiAnswer({ say, call, usage }: Turn, _body: Body): object {
  const tool = call === undefined ? undefined : geminiTool(call);
  return {
    candidates: [
      {
        index: 0,
        content: {
          role: "model",
          parts: [
            { text: say },
            ...(tool === undefined
              ? []
              : [{ functionCall: { name: tool[0], args: tool[1] } }]),
          ],
        },
        finishReason: "STOP",
      },
    ],
    usageMetadata: {
      promptTokenCount: usage.input + usage.cacheRead,
      cachedContentTokenCount: usage.cacheRead,
      candidatesTokenCount: usage.output,
      totalTokenCount: usage.input + usage.cacheRead + usage.output,
    },
  };
}

const claudeUsage = ({ input, output, cacheRead, cacheWrite }: Usage) => ({
  input_tokens: input,
  cache_creation_input_tokens: cacheWrite,
  cache_read_input_tokens: cacheRead,
  output_tokens: output,
});

const openAiUsage = ({ input, output, cacheRead }: Usage) => ({
  input_tokens: input + cacheRead,
  input_tokens_details: { cached_tokens: cacheRead },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: input + cacheRead + output,
});

type Tool = readonly [name: string, input: object];

/** Codex writes files by its shell. */
const shellOf = ({ tool, command, path, text }: Call): string =>
  tool === "write"
    ? `printf %s ${JSON.stringify(text ?? "").replaceAll("\\n", "\n")} > ${path ?? ""}`
    : (command ?? "");

function claudeTool({ tool, command, path, text, prompt }: Call): Tool {
  if (tool === "shell") return ["Bash", { command, description: "Runs it" }];
  if (tool === "write")
    return [
      "Write",
      {
        file_path: `${process.env["AGENT_CWD"] ?? ""}/${path ?? ""}`,
        content: text,
      },
    ];
  return [
    "Agent",
    { description: "Scout", prompt, subagent_type: "general-purpose" },
  ];
}

function geminiTool({ tool, command, path, text }: Call): Tool {
  return tool === "write"
    ? [
        "write_file",
        {
          file_path: `${process.env["AGENT_CWD"] ?? ""}/${path ?? ""}`,
          content: text,
        },
      ]
    : ["run_shell_command", { command }];
}

function openCodeTool({ tool, command, path, text }: Call): Tool {
  return tool === "write"
    ? [
        "write",
        {
          filePath: `${process.env["AGENT_CWD"] ?? ""}/${path ?? ""}`,
          content: text,
        },
      ]
    : ["bash", { command, description: "Runs it" }];
}
