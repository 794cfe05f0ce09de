import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { settingsFile } from "../../../../src/application/hooks/places.ts";
import {
  ownHandlers,
  withHooks,
} from "../../../../src/application/hooks/settings-text.ts";
import {
  MANAGED,
  silencersOf,
} from "../../../../src/application/hooks/silencers.ts";
import {
  agentOf,
  hookEvents,
  type AgentName,
} from "../../../../src/domain/hooks/agents.ts";
import { temporaryFolder } from "../../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const managed = { ...MANAGED };
beforeEach(() => {
  for (const name of ["claude", "codex", "gemini"] as const)
    MANAGED[name] = join(folder(), "etc", name);
});
afterEach(() => {
  Object.assign(MANAGED, managed);
});

async function put(path: string, content: unknown): Promise<void> {
  const file = join(folder(), path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(
    file,
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

/** What silences an agent whose hooks are installed in a project, in words. */
async function silenced(name: AgentName, version?: string): Promise<string[]> {
  const agent = agentOf(name);
  const surroundings = {
    root: join(folder(), "work/shop"),
    home: join(folder(), "home"),
    env: {},
  };
  const file = settingsFile(agent, "personal", surroundings);
  const text = withHooks(null, file.shown, {
    agent,
    events: agent.events,
    door: { kind: "spool", place: { kind: "user" } },
    settings: [],
  });
  const handlers = ownHandlers(text, file.shown);
  const found = await silencersOf(
    {
      file,
      handlers,
      version,
      install: `adw-scaffold hooks install ${name} --shared`,
    },
    surroundings,
  );
  fixes = found.map(({ fix }) => fix);
  return found.map(({ what, file: where, passes }) =>
    [what, where ?? "", passes ? "passes" : ""].join("|"),
  );
}
let fixes: string[] = [];

describe("Claude Code", () => {
  it("is silenced by nothing where nothing is said", async () => {
    expect(await silenced("claude", "2.1.332 (Claude Code)")).toEqual([]);
  });

  it.each([["managed-settings.json"], ["managed-settings.d/20-hooks.json"]])(
    "is silenced by allowManagedHooksOnly in %s",
    async (path) => {
      await put(`etc/claude/${path}`, { allowManagedHooksOnly: true });
      expect(await silenced("claude")).toEqual([
        `allowManagedHooksOnly|${join(folder(), "etc/claude", path)}|`,
      ]);
    },
  );

  it("is silenced by disableAllHooks, unless a file that counts more says no", async () => {
    await put("home/.claude/settings.json", { disableAllHooks: true });
    expect(await silenced("claude")).toEqual([
      "disableAllHooks|~/.claude/settings.json|",
    ]);
    await put("work/shop/.claude/settings.local.json", {
      disableAllHooks: false,
    });
    expect(await silenced("claude")).toEqual([]);
    await put("etc/claude/managed-settings.json", { disableAllHooks: true });
    expect(await silenced("claude")).toHaveLength(1);
  });

  it("is silenced by events that an older version does not know", async () => {
    expect(await silenced("claude", "2.0.60 (Claude Code)")).toHaveLength(1);
    expect(fixes).toEqual([
      "Update Claude Code, or run: adw-scaffold hooks install claude --shared",
    ]);
  });

  it("asks whether a folder is trusted, and remembers it of one above", async () => {
    await put("home/.claude.json", { projects: {} });
    expect(await silenced("claude")).toEqual([
      expect.stringMatching(/trusted\|\|passes$/),
    ]);
    await put("home/.claude.json", {
      projects: { [join(folder(), "work")]: { hasTrustDialogAccepted: true } },
    });
    expect(await silenced("claude")).toEqual([]);
  });
});

it("gives an old Claude Code only the events that it knows", () => {
  const agent = agentOf("claude");
  expect(hookEvents(agent, "2.0.60 (Claude Code)")).toHaveLength(12);
  for (const version of [
    "2.1.197",
    "2.1.332 (Claude Code)",
    "3.0.0",
    undefined,
    "nightly",
  ])
    expect(hookEvents(agent, version)).toHaveLength(29);
});

describe("Codex", () => {
  it("is silenced by a folder without trust, and by hooks without it", async () => {
    expect(await silenced("codex")).toEqual([
      expect.stringContaining("this folder is trusted"),
      expect.stringContaining("12 of 12 hooks are not trusted yet"),
    ]);
  });

  it("is silenced by its administrator, and by the feature", async () => {
    await put(
      "etc/codex/requirements.toml",
      "allow_managed_hooks_only = true\n",
    );
    await put("home/.codex/config.toml", "[features]\nhooks = false\n");
    expect((await silenced("codex")).slice(0, 2)).toEqual([
      expect.stringContaining("allow_managed_hooks_only"),
      expect.stringContaining("the feature hooks is off"),
    ]);
  });
});

describe("Gemini CLI", () => {
  it("is silenced by hooksConfig", async () => {
    await put("home/.gemini/trustedFolders.json", {
      [join(folder(), "work/x")]: "TRUST_PARENT",
    });
    expect(await silenced("gemini")).toEqual([]);
    await put("home/.gemini/settings.json", {
      hooksConfig: { enabled: false, disabled: ["adw-scaffold"] },
    });
    expect(await silenced("gemini")).toEqual([
      "hooksConfig.enabled is false|~/.gemini/settings.json|",
      "hooksConfig.disabled has adw-scaffold|~/.gemini/settings.json|",
    ]);
  });
});
