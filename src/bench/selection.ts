import type { Scenario } from "./scenario.ts";

/**
 * Returns the named scenarios in their usual order. Without names, returns all that need no
 * preparation, or with `all` every scenario. Returns a sentence if there is no scenario with a name.
 */
export function selected(
  scenarios: readonly Scenario[],
  names: readonly string[],
  all = false,
): readonly Scenario[] | string {
  if (all) return names.length === 0 ? scenarios : "Give either names of scenarios or --all.";
  if (names.length === 0) return scenarios.filter(({ preparation }) => preparation === null);
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown !== undefined) return `There is no scenario ${unknown}. boathook bench --list prints all.`;
  return scenarios.filter(({ name }) => names.includes(name));
}

/** Returns a table of the scenarios. */
export function listOf(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({ name, title, preparation }) =>
    [name.padEnd(NAME_CHARS), title, ...(preparation === null ? [] : [`[not by default: ${preparation}]`])].join(" "),
  );
  return rows.join("\n");
}

const NAME_CHARS = 16;
