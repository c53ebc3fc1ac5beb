/**
 * The settings: one table (`config/schema.ts`), from which come the type, the checks, the flags, the variables, the keys
 * of the file, the help and the table in the README. A setting is read in one place (`config/read.ts`).
 */
export { settingsTable } from "./markdown.ts";
export { CONFIG_VARIABLE, readSettings, type SettingSources, SettingsError } from "./read.ts";
export { flagOf, SCHEMA, type Setting, type Settings, variableOf } from "./schema.ts";
