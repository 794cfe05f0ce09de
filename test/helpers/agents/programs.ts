/**
 * How each coding agent is run without an account: settings in a scratch HOME, a dummy
 * key, the model on loopback. Nothing of the host's is read.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Call } from "./script.ts";

export interface Where {
  home: string;
  cwd: string;
  /** http://127.0.0.1:<port> of the scripted model. */
  model: string;
  /** Where telemetry goes; none without it. */
  otel?: string | undefined;
}

export interface Launch {
  command: string;
  args: string[];
  env: Record<string, string>;
}

export interface Program {
  package: string;
  hasSubagents: boolean;
  hasHooks: boolean;
  /** What it calls the script's tools. */
  tools: Readonly<Record<Call["tool"], string>>;
  prepare: (where: Where, prompt: string, folder: string) => Launch;
}

function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    typeof value === "string" ? value : JSON.stringify(value, null, 2),
  );
}

function base({ home }: Where): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    TERM: "dumb",
    LANG: "C.UTF-8",
  };
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  claude: {
    package: "@anthropic-ai/claude-code",
    hasSubagents: true,
    hasHooks: true,
    tools: { shell: "Bash", write: "Write", agent: "Agent" },
    prepare: (where, prompt, folder) => ({
      // The other one is a script that asks for its own installation.
      command: join(
        folder,
        `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`,
      ),
      args: [
        "-p",
        prompt,
        "--output-format",
        "json",
        "--allowedTools",
        "Bash Write Task Agent",
      ],
      env: {
        ...base(where),
        ANTHROPIC_BASE_URL: where.model,
        ANTHROPIC_API_KEY: "dummy",
        DISABLE_TELEMETRY: "1",
        DISABLE_ERROR_REPORTING: "1",
        DISABLE_AUTOUPDATER: "1",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        ...(where.otel === undefined
          ? {}
          : {
              CLAUDE_CODE_ENABLE_TELEMETRY: "1",
              OTEL_LOGS_EXPORTER: "otlp",
              OTEL_METRICS_EXPORTER: "otlp",
              OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
              OTEL_EXPORTER_OTLP_ENDPOINT: where.otel,
            }),
      },
    }),
  },
  codex: {
    package: "@openai/codex",
    hasSubagents: false,
    hasHooks: true,
    tools: { shell: "Bash", write: "Bash", agent: "" },
    prepare: (where, prompt, folder) => {
      const otel =
        where.otel === undefined
          ? ""
          : `[otel]\nlog_user_prompt = true\nexporter = { otlp-http = { endpoint = "${where.otel}/v1/logs", protocol = "json" } }\n`;
      write(
        join(where.home, ".codex/config.toml"),
        `model = "gpt-5-codex"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.scripted]
name = "scripted"
base_url = "${where.model}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
supports_websockets = false
[projects."${where.cwd}"]
trust_level = "trusted"
${otel}`,
      );
      return {
        command: join(folder, "node_modules/.bin/codex"),
        args: [
          "exec",
          "--json",
          "--skip-git-repo-check",
          "--dangerously-bypass-hook-trust",
          prompt,
        ],
        env: { ...base(where), SCRIPTED_KEY: "dummy" },
      };
    },
  },
  gemini: {
    package: "@google/gemini-cli",
    hasSubagents: false,
    hasHooks: true,
    tools: { shell: "run_shell_command", write: "write_file", agent: "" },
    prepare: (where, prompt, folder) => {
      write(join(where.home, ".gemini/settings.json"), {
        security: { auth: { selectedType: "gemini-api-key" } },
        privacy: { usageStatisticsEnabled: false },
        ...(where.otel === undefined
          ? {}
          : {
              telemetry: {
                enabled: true,
                target: "local",
                otlpEndpoint: where.otel,
                otlpProtocol: "http",
                logPrompts: true,
              },
            }),
      });
      return {
        command: join(folder, "node_modules/.bin/gemini"),
        args: ["--yolo", "-m", "gemini-2.5-pro", "-p", prompt],
        env: {
          ...base(where),
          GEMINI_API_KEY: "dummy",
          GOOGLE_GEMINI_BASE_URL: where.model,
          GEMINI_CLI_TRUST_WORKSPACE: "true",
        },
      };
    },
  },
  opencode: {
    package: "opencode-ai",
    hasSubagents: false,
    hasHooks: false,
    tools: { shell: "bash", write: "write", agent: "" },
    prepare: (where, prompt, folder) => {
      write(join(where.home, ".config/opencode/opencode.json"), {
        model: "scripted/big",
        small_model: "scripted/big",
        provider: {
          scripted: {
            npm: "@ai-sdk/openai-compatible",
            options: { baseURL: `${where.model}/v1`, apiKey: "dummy" },
            models: {
              big: { name: "big", limit: { context: 100000, output: 8000 } },
            },
          },
        },
      });
      return {
        command: join(folder, "node_modules/.bin/opencode"),
        args: ["run", "--format", "json", prompt],
        env: {
          ...base(where),
          OPENCODE_DISABLE_AUTOUPDATE: "1",
          OPENCODE_DISABLE_MODELS_FETCH: "1",
          OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
          OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
        },
      };
    },
  },
};
