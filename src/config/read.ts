import { resolve } from "node:path";
import { similarName } from "../core/text.ts";
import { socketPathOf } from "../core/unix-socket.ts";
import { MASK } from "../core/url-password.ts";
import { firstText, textAgain } from "./file-text.ts";
import type { SettingSource } from "./in-force.ts";
import { mailProblem } from "./notice-kinds.ts";
import { placeProblem } from "./places.ts";
import { allSettings, type Field, flagOf, SCHEMA, type Settings, variableOf } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { storeProblem } from "./store-problem.ts";

/** Environment variable with the same meaning as `--config`. */
export const CONFIG_VARIABLE = "BOATHOOK_CONFIG";
/** Environment variables of the commands that call a running server. They are no settings. */
export const SERVER_VARIABLE = "BOATHOOK_SERVER";
export const TOKEN_VARIABLE = "BOATHOOK_TOKEN";
/** The root token of the server to which an application is moved. */
export const TARGET_TOKEN_VARIABLE = "BOATHOOK_TARGET_TOKEN";
export const ENVIRONMENT_VARIABLE = "BOATHOOK_ENVIRONMENT";
/** Environment variable with the new key for `key rotate`. It is no setting. */
export const NEW_KEY_VARIABLE = "BOATHOOK_NEW_ENCRYPTION_KEY";
const VARIABLE_PREFIX = "BOATHOOK_";
/** Maximum length of an invalid value in a message. */
const SHOWN_CHARS_MAX = 80;

/** The setting is invalid. The message is one sentence for the user and contains no secrets. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

export interface SettingSources {
  /** Values of flags, by setting name. `config` is the path of the file. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the log is written to a terminal. This decides the default of `log-format`. */
  readonly terminal: boolean;
  /**
   * Whether a running server reads its settings again. The file must then be a regular file of at
   * most 1 MiB that is not empty. The default is false.
   */
  readonly again?: boolean;
}

/** A value as text, with its source for messages. */
interface Given {
  readonly source: SettingSource;
  readonly text: string;
  readonly where: string;
}

/**
 * Reads all settings. Flags take precedence over variables, variables over the file, and the file
 * over defaults. Throws `SettingsError` for the first setting that is invalid or unknown. An
 * invalid setting is an error even if another source overrides it. Otherwise the error would appear
 * only when the override is removed.
 */
export function readSettings(sources: SettingSources): Settings {
  return readWithSources(sources).settings;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** Where each setting comes from. Absent means the default. */
  readonly from: Readonly<Partial<Record<Field, SettingSource>>>;
}

/** Reads all settings like `readSettings`, and states where each comes from. */
export function readWithSources(sources: SettingSources): ReadSettings {
  refuseUnknownVariables(sources.environment);
  const file = readFile(sources.flags.config ?? sources.environment[CONFIG_VARIABLE], sources.again ?? false);
  const values: Partial<Record<Field, unknown>> = {};
  const from: Partial<Record<Field, SettingSource>> = {};
  for (const [field, setting] of allSettings()) {
    const given = [
      ...fromFile(setting, file),
      ...fromVariable(setting, sources.environment),
      ...fromFlag(setting, sources.flags),
    ];
    values[field] = setting.default === null ? null : setting.kind.parse(setting.default);
    for (const one of given) {
      values[field] = parse(setting, one);
      from[field] = one.source;
    }
  }
  refusePartialLogin(values as Settings);
  refusePartialTls(values as Settings);
  const misplaced = placeProblem(values as Settings);
  if (misplaced !== null) throw new SettingsError(misplaced);
  const impossible = storeProblem(values as Settings);
  if (impossible !== null) throw new SettingsError(impossible);
  refusePartialMail(values as Settings);
  values.logFormat ??= sources.terminal ? "pretty" : "json";
  return { settings: values as Settings, from };
}

function refusePartialTls({ tlsCert, tlsKey, host }: Settings): void {
  if (tlsCert !== null && tlsKey !== null && socketPathOf(host) !== null) {
    throw new SettingsError(
      "A Unix socket is not encrypted. Remove tls-cert and tls-key, or set host to an IP address.",
    );
  }
  if ((tlsCert === null) === (tlsKey === null)) return;
  const [set, missing] = tlsCert === null ? ["tls-key", "tls-cert"] : ["tls-cert", "tls-key"];
  throw new SettingsError(`${set} is set, but ${missing} is missing. Set both of them, or remove ${set}.`);
}

function refusePartialMail(values: Settings): void {
  const problem = mailProblem(values);
  if (problem !== null) throw new SettingsError(problem);
}

/** The settings for logins at an identity provider only work together. */
function refusePartialLogin(values: Settings): void {
  const fields = ["oidcIssuer", "oidcClientId", "oidcClientSecret", "oidcAdmins"] as const;
  const isSet = (field: (typeof fields)[number]) => values[field] !== null && values[field]?.length !== 0;
  const missing = fields.filter((field) => !isSet(field)).map((field) => SCHEMA[field].name);
  if (missing.length === 0 || missing.length === fields.length) return;
  const set = fields.filter(isSet).map((field) => SCHEMA[field].name);
  throw new SettingsError(
    `The settings for logins at an identity provider are incomplete: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing. Set all of them, or remove ${set.join(", ")}.`,
  );
}

function parse(setting: Setting<unknown>, given: Given): unknown {
  const value = setting.kind.parse(given.text);
  if (value === null) throw invalid(setting, given.where, shown(given.text));
  return value;
}

function fromFlag(setting: Setting<unknown>, flags: SettingSources["flags"]): Given[] {
  const text = flags[setting.name];
  if (text === undefined) return [];
  if (setting.secret) {
    throw new SettingsError(
      `${flagOf(setting)} is not allowed because ${setting.name} is a secret; set the variable ${variableOf(setting)} or use the --config file.`,
    );
  }
  return [{ source: "flag", text, where: flagOf(setting) }];
}

function fromVariable(setting: Setting<unknown>, environment: SettingSources["environment"]): Given[] {
  const text = environment[variableOf(setting)];
  return text === undefined ? [] : [{ source: "variable", text, where: variableOf(setting) }];
}

/** Returns the new key for `key rotate`, or null if there is none. Throws `SettingsError`. */
export function newEncryptionKey(environment: SettingSources["environment"]): string | null {
  const text = environment[NEW_KEY_VARIABLE];
  if (text === undefined) return null;
  return parse(SCHEMA.encryptionKey, { source: "variable", text, where: NEW_KEY_VARIABLE }) as string;
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
  if (text === null) throw invalid(setting, where, describe(value));
  return [{ source: "file", text, where }];
}

function readFile(path: string | undefined, again: boolean): SettingsFile | null {
  if (path === undefined) return null;
  const read = readText(path, again);
  if ("problem" in read) {
    const remedy = again ? "a reload needs a regular TOML file of at most 1 MiB" : "set --config to a TOML file";
    throw new SettingsError(`The configuration file ${shown(path)} ${read.problem}; ${remedy}.`);
  }
  const values = new Map(Object.entries(parseToml(path, read.text)));
  refuseUnknownKeys(path, values);
  return { path: resolve(path), values };
}

function readText(path: string, again: boolean): ReturnType<typeof textAgain> {
  try {
    return again ? textAgain(path) : firstText(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an error";
    throw new SettingsError(
      `The configuration file ${shown(path)} cannot be read (${code}); set --config to a TOML file.`,
    );
  }
}

function parseToml(path: string, text: string): object {
  try {
    return Bun.TOML.parse(text);
  } catch {
    // The parser's own message may quote the invalid text, which may be a secret.
    throw new SettingsError(
      `The configuration file ${shown(path)} is not valid TOML; write lines such as port = 8071.`,
    );
  }
}

function refuseUnknownKeys(path: string, values: ReadonlyMap<string, unknown>): void {
  const names = allSettings().map(([, setting]) => setting.name);
  for (const key of values.keys()) {
    if (!names.includes(key)) {
      throw new SettingsError(`The setting ${shown(key)} in ${path} is unknown; ${suggestion(key, names)}`);
    }
  }
}

function refuseUnknownVariables(environment: SettingSources["environment"]): void {
  const known = [
    ...allSettings().map(([, setting]) => variableOf(setting)),
    CONFIG_VARIABLE,
    SERVER_VARIABLE,
    TOKEN_VARIABLE,
    TARGET_TOKEN_VARIABLE,
    ENVIRONMENT_VARIABLE,
    NEW_KEY_VARIABLE,
  ];
  for (const name of Object.keys(environment)) {
    if (name.startsWith(VARIABLE_PREFIX) && !known.includes(name)) {
      throw new SettingsError(`The variable ${shown(name)} is unknown; ${suggestion(name, known)}`);
    }
  }
}

function invalid(setting: Setting<unknown>, where: string, value: string): SettingsError {
  const isHidden = setting.secret || setting.concealed;
  const got = isHidden ? "its value is a secret and not shown" : `but is ${value}`;
  return new SettingsError(`${where} must be ${setting.kind.expected}, ${got}.`);
}

/** Masks the password of a URL, which need not be valid: it may be refused because of its user. */
function withoutPassword(value: string): string {
  return value.replace(/(:\/\/[^\s/:@]*:)[^\s/]*@/g, `$1${MASK}@`);
}

/**
 * Returns a suggestion for a message: the most similar known name, or all names if none is similar.
 */
function suggestion(name: string, known: readonly string[]): string {
  const similar = similarName(name, known);
  return similar === null ? `known names: ${known.join(", ")}.` : `did you mean ${similar}?`;
}

/** Quotes a text for a message. The text is escaped to one line and truncated. */
function shown(given: string): string {
  const text = withoutPassword(given);
  const cut = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
  return JSON.stringify(cut);
}

function describe(value: unknown): string {
  if (typeof value === "string") return shown(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `the boolean ${value}`;
  if (Array.isArray(value)) return "an array with invalid items";
  return "a value of the wrong type";
}
