/**
 * The command line as data: commands, their arguments and options. Parsing, help
 * and completion all read this.
 */
import {
  CONFIG_KEYS,
  configKeyFacts,
  type ConfigKey,
} from "../domain/config-schema.ts";
import { DRIFT_KINDS } from "../domain/drift.ts";
import { bundledRegistry } from "../domain/module-registry.ts";

export interface OptionFacts {
  /** Long name without dashes. */
  name: string;
  /** One-letter alias. */
  alias?: string;
  kind: "boolean" | "string";
  /** What stands for the value in the help, such as `dir`. */
  placeholder?: string;
  /** The values are separated by commas. */
  isList?: boolean;
  /** Words that can stand in such a list: they also may follow it without a comma. */
  listValues?: readonly string[];
  /** An empty value is one: no list entries, no folder. */
  mayBeEmpty?: boolean;
  description: string;
  /** What leaving it out with `--no-` does, where that is what people type. */
  negative?: string;
  choices?: readonly string[];
}

export interface CommandFacts {
  name: string;
  /** Arguments as the help shows them. */
  usage: string;
  summary: string;
  positionals: {
    name: string;
    description: string;
    required: boolean;
    variadic: boolean;
  };
  options: readonly OptionFacts[];
}

/** Options that every command takes. */
export const COMMON_OPTIONS: readonly OptionFacts[] = [
  {
    name: "cwd",
    kind: "string",
    placeholder: "dir",
    description: "Work in this folder instead of the current one",
  },
  {
    name: "config",
    kind: "string",
    placeholder: "file",
    description: "Configuration file instead of adw.config.json",
  },
  {
    name: "yes",
    alias: "y",
    kind: "boolean",
    description: "Skip prompts and accept the defaults",
  },
  {
    name: "dry-run",
    kind: "boolean",
    description: "Show what would be done and change nothing",
  },
  {
    name: "json",
    kind: "boolean",
    description: "Print one JSON object instead of text",
  },
  {
    name: "install",
    kind: "boolean",
    description: "Install dependencies (--no-install leaves that to you)",
    negative: "Leave installing dependencies to you",
  },
  { name: "help", alias: "h", kind: "boolean", description: "Show help" },
  {
    name: "version",
    alias: "v",
    kind: "boolean",
    description: "Show the version",
  },
];

const FORCE: OptionFacts = {
  name: "force",
  kind: "boolean",
  description: "Overwrite files that are in the way, and edits",
};

const KEEP: OptionFacts = {
  name: "keep",
  kind: "boolean",
  description: "Keep files that already exist as yours, and record them",
};

const DOWNGRADE: OptionFacts = {
  name: "downgrade",
  kind: "boolean",
  description: "Go back to older templates than those that wrote the files",
};

const NESTED: OptionFacts = {
  name: "nested",
  kind: "boolean",
  description: "Start a project of its own inside another project",
};

const LINTERS: OptionFacts = {
  name: "linters",
  kind: "boolean",
  description:
    "Leave adws/ out of the project's linters, in their own configuration",
  negative: "Leave the configuration of the project's linters as it is",
};

const PRESET_OPTIONS: readonly OptionFacts[] = [
  {
    name: "minimal",
    kind: "boolean",
    description: "The event server alone, without a database or a dashboard",
  },
  {
    name: "logging",
    kind: "boolean",
    description: "Logging to a database alone, without a server",
  },
];

const DEV: OptionFacts = {
  name: "dev",
  kind: "boolean",
  description: "Put the packages that the modules need into devDependencies",
};

const VERBOSE: OptionFacts = {
  name: "verbose",
  kind: "boolean",
  description: "List every file, not only the folders",
};

let knownConfigOptions: readonly OptionFacts[] | undefined;

/**
 * One flag per config key: `websocket_port` is `--websocket-port`. Put together
 * when first asked for: most commands take none of them.
 */
export function configOptions(): readonly OptionFacts[] {
  knownConfigOptions ??= CONFIG_KEYS.map(configOption);
  return knownConfigOptions;
}

function configOption(key: ConfigKey): OptionFacts {
  const { kind, choices, description, defaultValue } = configKeyFacts(key);
  const shown = Array.isArray(defaultValue)
    ? defaultValue.join(",")
    : String(defaultValue);
  return {
    name: flagOfConfigKey(key),
    kind: "string",
    placeholder: kind === "number" ? "n" : kind === "list" ? "a,b" : "text",
    description: shown === "" ? description : `${description} [${shown}]`,
    ...(kind === "list" ? { isList: true } : {}),
    ...(key === "modules"
      ? { listValues: bundledRegistry.installable.map(({ name }) => name) }
      : {}),
    ...(kind === "list" || shown === "" ? { mayBeEmpty: true } : {}),
    ...(choices.length === 0 ? {} : { choices }),
  };
}

export function flagOfConfigKey(key: string): string {
  return key.replaceAll("_", "-");
}

export const COMMANDS = [
  {
    name: "init",
    usage: "init [dir]",
    summary: "Scaffold adws/ into a new or existing project",
    positionals: {
      name: "dir",
      description: "Project folder; the current one without it",
      required: false,
      variadic: false,
    },
    get options(): readonly OptionFacts[] {
      return [
        ...PRESET_OPTIONS,
        DEV,
        VERBOSE,
        KEEP,
        FORCE,
        DOWNGRADE,
        NESTED,
        LINTERS,
        ...configOptions(),
      ];
    },
  },
  {
    name: "add",
    usage: "add <module…>",
    summary: "Add modules, and what they require",
    positionals: {
      name: "module",
      description: "Modules to add",
      required: true,
      variadic: true,
    },
    options: [DEV, KEEP, FORCE, DOWNGRADE],
  },
  {
    name: "list",
    usage: "list",
    summary: "Show the modules, and which are installed",
    positionals: {
      name: "",
      description: "",
      required: false,
      variadic: false,
    },
    options: [],
  },
  {
    name: "render",
    usage: "render <module>",
    summary: "Print a rendered module, or write it into a folder",
    positionals: {
      name: "module",
      description: "Module to render",
      required: true,
      variadic: false,
    },
    get options(): readonly OptionFacts[] {
      return [
        {
          name: "out",
          kind: "string",
          placeholder: "dir",
          description: "Write the files into this folder",
        },
        FORCE,
        ...configOptions(),
      ];
    },
  },
  {
    name: "check",
    usage: "check [module…]",
    summary: "For CI: check that rendered files are up to date",
    positionals: {
      name: "module",
      description: "Modules to check; all without it",
      required: false,
      variadic: true,
    },
    options: [
      {
        name: "fail-on",
        kind: "string",
        placeholder: "a,b",
        isList: true,
        listValues: DRIFT_KINDS,
        description:
          "What counts as failure: edited, outdated, config, missing, conflict, untracked, newer [all]",
      },
    ],
  },
  {
    name: "diff",
    usage: "diff [module…]",
    summary: "Show what you changed, and what the templates changed",
    positionals: {
      name: "module",
      description: "Modules to compare; all without it",
      required: false,
      variadic: true,
    },
    options: [],
  },
  {
    name: "update",
    usage: "update [module…]",
    summary: "Bring in later templates; your edits are merged, never lost",
    positionals: {
      name: "module",
      description: "Modules to update; all without it",
      required: false,
      variadic: true,
    },
    options: [
      {
        name: "on-conflict",
        kind: "string",
        placeholder: "what",
        choices: ["markers", "keep", "theirs", "fail"],
        description:
          "Where you and the template changed the same lines [markers]",
      },
      KEEP,
      FORCE,
      DOWNGRADE,
    ],
  },
  {
    name: "remove",
    usage: "remove <module…>",
    summary: "Remove modules; files that you edited stay",
    positionals: {
      name: "module",
      description: "Modules to remove",
      required: true,
      variadic: true,
    },
    options: [FORCE, DOWNGRADE],
  },
  {
    name: "demo",
    usage: "demo",
    summary: "Play a fleet of agents into your log, and show its events live",
    positionals: {
      name: "",
      description: "",
      required: false,
      variadic: false,
    },
    options: [
      {
        name: "seconds",
        kind: "string",
        placeholder: "n",
        description:
          "Stop after n seconds; 0 goes on until Ctrl-C [one story, under a minute]",
      },
      {
        name: "rate",
        kind: "string",
        placeholder: "n",
        description: "Events a second, on average [the story's own, about 8]",
      },
      {
        name: "seed",
        kind: "string",
        placeholder: "n",
        description:
          "The same seed plays the same story [by the time; 1 in a scratch folder]",
      },
      {
        name: "port",
        kind: "string",
        placeholder: "n",
        description:
          "Port of the server [a running one of the project, else any free port]",
      },
    ],
  },
  {
    name: "doctor",
    usage: "doctor",
    summary: "Find what is wrong with a project, and say how to fix it",
    positionals: {
      name: "",
      description: "",
      required: false,
      variadic: false,
    },
    options: [
      {
        name: "fix",
        kind: "boolean",
        description: "Fix what is safe to fix",
      },
      {
        name: "live",
        kind: "boolean",
        description: "Start your own copy of the server and try it",
      },
    ],
  },
  {
    name: "completion",
    usage: "completion [shell]",
    summary: "Print a completion script for bash or zsh",
    positionals: {
      name: "shell",
      description: "bash or zsh; without it, by the SHELL variable",
      required: false,
      variadic: false,
    },
    options: [],
  },
] as const satisfies readonly CommandFacts[];

export type CommandName = (typeof COMMANDS)[number]["name"];

/** The name as people type it: `--no-install` rather than `--install`. */
export function typedName({ name, negative }: OptionFacts): string {
  return negative === undefined ? name : `no-${name}`;
}

/** Every option a command takes. */
export function optionsOf(
  command: CommandFacts | undefined,
): readonly OptionFacts[] {
  return [...(command?.options ?? []), ...COMMON_OPTIONS];
}
