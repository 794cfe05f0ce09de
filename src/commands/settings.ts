/** One option for each key of the configuration: `websocket_port` is `--websocket-port`. */
import { configValueFromText, type AdwConfigInput } from "../domain/config.ts";
import {
  CONFIG_KEYS,
  configKeyFacts,
  type ConfigKey,
} from "../domain/config-schema.ts";
import { bundledRegistry } from "../domain/module-registry.ts";
import type { Option, Options, ParsedCommand } from "./command.ts";

/** @param group - the heading of these options in the help */
export function settingOptions(group: string): Options {
  return Object.fromEntries(
    CONFIG_KEYS.map((key) => [
      optionName(key),
      { ...settingOption(key), group },
    ]),
  );
}

/** The settings that were given as options. */
export function givenSettings({ values }: ParsedCommand): AdwConfigInput {
  const settings: Record<string, unknown> = {};
  for (const key of CONFIG_KEYS) {
    const text = values[optionName(key)];
    if (typeof text === "string") {
      settings[key] = configValueFromText(configKeyFacts(key).kind, text);
    }
  }
  return settings;
}

function optionName(key: ConfigKey): string {
  return key.replaceAll("_", "-");
}

function settingOption(key: ConfigKey): Option {
  const { kind, choices, description, defaultValue } = configKeyFacts(key);
  const shown = String(defaultValue);
  const known = key === "modules" ? moduleNames() : choices;
  return {
    type: kind === "list" ? "list" : "string",
    description: shown === "" ? description : `${description} [${shown}]`,
    mayBeEmpty: kind === "list" || shown === "",
    ...(known.length === 0 ? {} : { choices: known }),
  };
}

/** The modules that can be asked for by name. */
export function moduleNames(): string[] {
  return bundledRegistry.installable.map(({ name }) => name);
}
