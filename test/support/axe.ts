import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

/** Checks of accessibility with axe-core. */

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Returns what axe finds wrong on a page: the rule and the first element of each violation. */
export async function violationsOn(page: Page): Promise<string[]> {
  // The text is long, and a page keeps it until another document is loaded.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const found = await axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 300)}`);
  });
}
