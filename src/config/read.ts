import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { allSettings, type Field, flagOf, type Setting, type Settings, variableOf } from "./schema.ts";

/** The variable for `--config`. */
export const CONFIG_VARIABLE = "BOATHOOK_CONFIG";
const VARIABLE_PREFIX = "BOATHOOK_";
/** How much of a wrong value is repeated in the message. */
const SHOWN_CHARS_MAX = 80;

/** A setting that cannot be used. The message is one sentence for people and holds no secret. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

export interface SettingSources {
  /** Values from the command line by the name of the setting; `config` is the path of the file. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether people read the log as it comes: decides the default of `log-format`. */
  readonly terminal: boolean;
}

/** A text and where it stood, for messages. */
interface Given {
  readonly text: string;
  readonly where: string;
}

/**
 * Reads every setting: flag over variable over file over default. Throws `SettingsError` at the first one that is wrong or
 * unknown, also when another source overrides it: what is wrong now would surprise later.
 */
export function readSettings(sources: SettingSources): Settings {
  refuseUnknownVariables(sources.environment);
  const file = readFile(sources.flags.config ?? sources.environment[CONFIG_VARIABLE]);
  const values: Partial<Record<Field, unknown>> = {};
  for (const [field, setting] of allSettings()) {
    const given = [
      ...fromFile(setting, file),
      ...fromVariable(setting, sources.environment),
      ...fromFlag(setting, sources.flags),
    ];
    values[field] = setting.default === null ? null : setting.kind.parse(setting.default);
    for (const one of given) values[field] = parse(setting, one);
  }
  values.logFormat ??= sources.terminal ? "pretty" : "json";
  return values as Settings;
}

function parse(setting: Setting<unknown>, given: Given): unknown {
  const value = setting.kind.parse(given.text);
  if (value === null) throw wrong(setting, given.where, shown(given.text));
  if (setting.unsupported) {
    throw new SettingsError(
      `${given.where} is set, but this version of boathook does not support ${setting.name} yet.`,
    );
  }
  return value;
}

function fromFlag(setting: Setting<unknown>, flags: SettingSources["flags"]): Given[] {
  const text = flags[setting.name];
  if (text === undefined) return [];
  if (setting.secret) {
    throw new SettingsError(
      `${flagOf(setting)} was given, but ${setting.name} is a secret and wants to be set by the variable ${variableOf(setting)} or in the --config file.`,
    );
  }
  return [{ text, where: flagOf(setting) }];
}

function fromVariable(setting: Setting<unknown>, environment: SettingSources["environment"]): Given[] {
  const text = environment[variableOf(setting)];
  return text === undefined ? [] : [{ text, where: variableOf(setting) }];
}

interface SettingsFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, unknown>;
}

function fromFile(setting: Setting<unknown>, file: SettingsFile | null): Given[] {
  const value = file?.values.get(setting.name);
  if (file === null || value === undefined) return [];
  const where = `${setting.name} in ${file.path}`;
  const text = setting.kind.fromToml(value);
  if (text === null) throw wrong(setting, where, describe(value));
  return [{ text, where }];
}

function readFile(path: string | undefined): SettingsFile | null {
  if (path === undefined) return null;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an error";
    throw new SettingsError(`config names ${shown(path)}, which cannot be read (${code}); it wants a TOML file.`);
  }
  const values = new Map(Object.entries(parseToml(path, text)));
  refuseUnknownKeys(path, values);
  return { path: resolve(path), values };
}

function parseToml(path: string, text: string): object {
  try {
    return Bun.TOML.parse(text);
  } catch {
    // The parser's own message may repeat the offending text, which may be a secret.
    throw new SettingsError(
      `config names ${shown(path)}, which is not valid TOML; it wants lines such as port = 8071.`,
    );
  }
}

function refuseUnknownKeys(path: string, values: ReadonlyMap<string, unknown>): void {
  const names = allSettings().map(([, setting]) => setting.name);
  for (const key of values.keys()) {
    if (!names.includes(key)) {
      throw new SettingsError(
        `${shown(key)} in ${path} is not a setting; ${suggestion(key, names, "the settings are")}.`,
      );
    }
  }
}

function refuseUnknownVariables(environment: SettingSources["environment"]): void {
  const known = [...allSettings().map(([, setting]) => variableOf(setting)), CONFIG_VARIABLE];
  for (const name of Object.keys(environment)) {
    if (name.startsWith(VARIABLE_PREFIX) && !known.includes(name)) {
      throw new SettingsError(`The variable ${shown(name)} is not a setting; ${suggestion(name, known, "known are")}.`);
    }
  }
}

function wrong(setting: Setting<unknown>, where: string, got: string): SettingsError {
  const value = setting.secret ? "a value that is not shown because it is a secret" : got;
  return new SettingsError(`${where} got ${value} but wants ${setting.kind.wants}.`);
}

/** The known name that differs least, or all of them when none is close. */
function suggestion(name: string, known: readonly string[], intro: string): string {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best !== undefined && best.distance <= 3) return `did you mean ${best.candidate}?`.slice(0, -1);
  return `${intro} ${known.join(", ")}`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** A text as it is repeated in a message: quoted, on one line, not endless. */
function shown(text: string): string {
  const cut = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
  return JSON.stringify(cut);
}

function describe(value: unknown): string {
  if (typeof value === "string") return shown(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `the boolean ${value}`;
  if (Array.isArray(value)) return "an array that does not fit";
  return "a value of another type";
}
