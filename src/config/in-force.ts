import type { Kind } from "./kinds.ts";
import { allSettings, type Field, type Settings } from "./schema.ts";

/** Where the value of a setting comes from. */
export const settingSources = ["flag", "variable", "file", "default"] as const;
export type SettingSource = (typeof settingSources)[number];

/** A setting as an operator would write it. The values of secrets are replaced by `[set]`. */
export interface SettingInForce {
  readonly name: string;
  readonly group: string;
  /** Null if the setting has no value. */
  readonly value: string | null;
  readonly source: SettingSource;
}

/** Lists all settings with their values and sources, in display order. */
export function settingsInForce(
  settings: Settings,
  sources: Readonly<Partial<Record<Field, SettingSource>>>,
): readonly SettingInForce[] {
  return allSettings().map(([field, setting]) => {
    const value: unknown = settings[field];
    const { name, group } = setting;
    const source = sources[field] ?? "default";
    if (value === null || setting.secret) return { name, group, value: value === null ? null : "[set]", source };
    const kind = setting.kind as Kind<unknown>;
    return { name, group, value: kind.format?.(value) ?? String(value), source };
  });
}
