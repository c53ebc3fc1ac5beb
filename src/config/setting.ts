import type { Kind } from "./kinds.ts";

/** Headings under which help texts group the settings. */
export type Group =
  | "Server"
  | "Secrets"
  | "Login"
  | "Storage"
  | "Delivery"
  | "Endpoint addresses"
  | "Limits"
  | "Notices"
  | "Traces"
  | "Logs";

export interface Setting<Value, Default extends string | null = string | null> {
  /** Name in kebab case: the flag without its leading dashes, and the key in the file. */
  readonly name: string;
  readonly group: Group;
  readonly kind: Kind<Value>;
  /**
   * The default value as text. Null means that there is no default, and an absent value is null.
   */
  readonly default: Default;
  /**
   * If the default is null or empty: the text that help and README show as the default. `none` if omitted.
   */
  readonly defaultNote?: string;
  /** A sentence fragment for help and README, without a full stop. */
  readonly description: string;
  /**
   * Secrets never have flags, because every user of the machine can see command lines. They never
   * appear in messages.
   */
  readonly secret?: true;
  /** Whether an invalid value is not shown in messages, because it may contain a password. */
  readonly concealed?: true;
}

/**
 * Defines a setting. The value and default types are separate, so that `Settings` can be derived.
 */
export function setting<Value, Default extends string | null>(
  name: string,
  fields: Omit<Setting<Value, Default>, "name">,
): Setting<Value, Default> {
  return { name, ...fields };
}
