import { expect, test } from "bun:test";
import { join } from "node:path";
import { withSettingsTable } from "../../scripts/settings-table.ts";
import { settingsTable } from "../../src/config/index.ts";
import { allSettings, variableOf } from "../../src/config/schema.ts";

test("the README has the current settings table; `bun scripts/settings-table.ts --write` updates it", async () => {
  const readme = await Bun.file(join(import.meta.dir, "..", "..", "README.md")).text();
  expect(readme).toBe(withSettingsTable(readme));
});

test("the settings table has a row of four cells for every setting", () => {
  const rows = settingsTable().split("\n").slice(2);
  for (const [index, [, setting]] of allSettings().entries()) {
    expect(rows[index]).toStartWith(`| \`${setting.name}\` | `);
    expect(rows[index]).toEndWith(` | \`${variableOf(setting)}\` |`);
    expect(rows[index]?.replaceAll("\\|", "").split("|")).toHaveLength(6);
  }
});

test("inserting the settings table into a README without its markers fails", () => {
  expect(() => withSettingsTable("# Boathook\n")).toThrow("lacks");
});
