import { type Command, Option } from "commander";
import { type ReadSettings, readWithSources, SCHEMA, type Settings } from "../config/index.ts";
import { allSettings, defaultText, type Field, flagOf, variableOf } from "../config/schema.ts";
import type { Setting } from "../config/setting.ts";

/**
 * Adds `--config` and the flags of all settings, or of the settings in `descriptions`. Their help
 * shows the defaults. A description that is not null replaces the one in the schema.
 */
export function addSettingOptions(
  command: Command,
  descriptions?: Readonly<Partial<Record<Field, string | null>>>,
): Command {
  const chosen = allSettings().flatMap(([field, setting]) => {
    if (descriptions === undefined) return [setting];
    const description = descriptions[field];
    return description === undefined ? [] : [{ ...setting, description: description ?? setting.description }];
  });
  const group = (name: string) => (descriptions === undefined ? `${name}:` : "Settings:");
  for (const setting of chosen) {
    command.addOption(optionOf(setting).helpGroup(group(setting.group)));
  }
  command.addOption(configOption().helpGroup(group("Configuration file")));
  return command.addHelpText("after", () => helpAfter(chosen));
}

/**
 * Adds `--config` and the flags of all settings, for a command that gets the flags of `serve`. The
 * help refers to that of `serve` instead of repeating it.
 */
export function addServerSettingOptions(command: Command): Command {
  for (const [, setting] of allSettings()) command.addOption(optionOf(setting).hideHelp());
  command.addOption(configOption().helpGroup("Settings:"));
  return command.addHelpText(
    "after",
    [
      "",
      "Give this command the settings of the server, in the same way: flags, environment variables or the",
      "file. boathook serve --help lists them.",
    ].join("\n"),
  );
}

function configOption(): Option {
  return new Option("--config <file>", "TOML file with settings; flags and environment variables override it");
}

/**
 * Reads the settings from the command line, the environment and the file. `again` is true if a
 * running server reads them again. Throws `SettingsError`.
 */
export function settingsFor(command: Command, again = false): Settings {
  return readFor(command, again).settings;
}

/** Reads the settings like `settingsFor`, and states where each comes from. */
export function readFor(command: Command, again = false): ReadSettings {
  const flags: Record<string, string> = {};
  const given = command.opts<Record<string, unknown>>();
  for (const option of command.options) {
    const value = given[option.attributeName()];
    if (typeof value === "string") flags[option.name()] = value;
    // A boolean flag may be given without a value.
    else if (value === true) flags[option.name()] = "true";
  }
  return readWithSources({ flags, environment: process.env, terminal: process.stdout.isTTY === true, again });
}

function optionOf(setting: Setting<unknown>): Option {
  if (setting.secret) {
    // Accepted only to be rejected with a message that says where the secret belongs.
    return new Option(`${flagOf(setting)} [secret]`).hideHelp();
  }
  const isBoolean = setting.kind === SCHEMA.httpsOnly.kind;
  const value = isBoolean ? "[boolean]" : `<${setting.kind.label}>`;
  return new Option(`${flagOf(setting)} ${value}`, describe(setting));
}

function helpAfter(settings: ReadonlyArray<Setting<unknown>>): string {
  const secrets = settings.filter((setting) => setting.secret);
  const width = Math.max(...secrets.map((setting) => variableOf(setting).length));
  const lines = secrets.map((setting) => `  ${variableOf(setting).padEnd(width)}  ${describe(setting)}`);
  return [
    "",
    "Every setting except secrets has a flag (for example --data-dir). Every setting has an",
    'environment variable (BOATHOOK_DATA_DIR) and a key in the TOML file (data-dir = "…"). Flags',
    "override environment variables, which override the file. Durations look like 250ms, 5s, 30m, 2h or",
    "5d; sizes look like 64KiB or 2MiB.",
    ...(lines.length > 0 ? ["", "Secrets (environment variable or key in the file, never a flag):", ...lines] : []),
  ].join("\n");
}

/** Returns the description of a setting without the backticks of Markdown. */
function describe(setting: Setting<unknown>): string {
  return `${setting.description} (default: ${defaultText(setting)})`.replaceAll("`", "");
}
