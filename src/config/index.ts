/**
 * Settings. One table (`config/schema.ts`) defines their types, checks, flags, variables, file keys
 * and help texts, and is the source of the table in the README. All settings are read in one place
 * (`config/read.ts`).
 */
export { type SettingInForce, settingSources, settingsInForce } from "./in-force.ts";
export { readKeyPair } from "./key-pair.ts";
export { settingsTable } from "./markdown.ts";
export {
  CONFIG_VARIABLE,
  ENVIRONMENT_VARIABLE,
  NEW_KEY_VARIABLE,
  newEncryptionKey,
  type ReadSettings,
  readSettings,
  readWithSources,
  SERVER_VARIABLE,
  type SettingSources,
  SettingsError,
  TARGET_TOKEN_VARIABLE,
  TOKEN_VARIABLE,
} from "./read.ts";
export { flagOf, SCHEMA, type Settings, variableOf } from "./schema.ts";
export type { Setting } from "./setting.ts";
