/** What a scripted model says, turn by turn: the truth that the log is held against. */

export interface Usage {
  /** Not counting what came from the cache. */
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

export interface Call {
  tool: "shell" | "write" | "agent";
  /** A command; a path and its text; the subagent's prompt. */
  command?: string;
  path?: string;
  text?: string;
  prompt?: string;
}

export interface Turn {
  say: string;
  call?: Call;
  usage: Usage;
}

export interface Script {
  prompt: string;
  turns: readonly Turn[];
  /** What a subagent's model says, by the subagent's prompt. */
  subagents: Readonly<Record<string, readonly Turn[]>>;
}

const usage = (
  input: number,
  output: number,
  cacheRead = 0,
  cacheWrite = 0,
): Usage => ({ input, output, cacheRead, cacheWrite });

const SCOUT = "Count the lines of notes.txt and report.";

/** Text, a shell call, a file, a call that fails, a subagent where the agent has them, the end. */
export function story(hasSubagents: boolean): Script {
  const turns: Turn[] = [
    {
      say: "I look first.",
      call: { tool: "shell", command: "echo hello" },
      usage: usage(1_000, 11),
    },
    {
      say: "Now the file.",
      call: { tool: "write", path: "notes.txt", text: "one\ntwo\n" },
      usage: usage(200, 22, 1_000),
    },
    {
      say: "This one fails.",
      call: { tool: "shell", command: "exit 3" },
      usage: usage(150, 33, 1_200),
    },
    ...(hasSubagents
      ? [
          {
            say: "A scout counts.",
            call: { tool: "agent", prompt: SCOUT } as const,
            usage: usage(120, 44, 1_350),
          },
        ]
      : []),
    { say: "All done: two lines.", usage: usage(100, 55, 1_470) },
  ];
  return {
    prompt: "Write notes.txt and count its lines.",
    turns,
    subagents: {
      [SCOUT]: [
        {
          say: "I count.",
          call: { tool: "shell", command: "wc -l notes.txt" },
          usage: usage(300, 7),
        },
        { say: "Two lines.", usage: usage(40, 8, 300) },
      ],
    },
  };
}
