import { allSettings, defaultText, variableOf } from "./schema.ts";

/** Returns the table of all settings for the README, as Markdown. */
export function settingsTable(): string {
  const rows = allSettings().map(([, setting]) => {
    const suffix = setting.secret ? " (environment variable or file only)" : "";
    const cells = [
      `\`${setting.name}\``,
      defaultText(setting),
      `${setting.description}${suffix}`,
      `\`${variableOf(setting)}\``,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| setting | default | | environment variable |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
