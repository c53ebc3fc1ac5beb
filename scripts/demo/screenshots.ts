import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { logInWith } from "../../test/support/browser.ts";
import { launchChromium } from "../../test/support/chromium.ts";

/** The looks of the screenshots: name, width of the window in pixels, and colour scheme. */
const LOOKS = [
  ["light", 1280, "light"],
  ["dark", 1280, "dark"],
  ["phone", 390, "light"],
] as const;
const HEIGHT_PX = 1000;

/** What is shown, and where the screenshots are written. */
interface Target {
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  /** The addresses of pages of the admin page, by the name of the file. */
  readonly pages: Readonly<Record<string, string>>;
}

/** Takes screenshots of the admin page, as `<page>-<look>.png`. */
export async function takeScreenshots(target: Target, chromiumPath: string): Promise<void> {
  await mkdir(target.folder, { recursive: true });
  const browser = await launchChromium(chromiumPath);
  try {
    for (const look of LOOKS) await takeLook(browser, look, target);
  } finally {
    await browser.close();
  }
}

async function takeLook(
  browser: Browser,
  [name, width, colorScheme]: (typeof LOOKS)[number],
  { url, token, folder, pages }: Target,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: HEIGHT_PX }, colorScheme });
  const page = await context.newPage();
  await page.goto(`${url}/ui/`);
  await logInWith(page, token);
  await page.locator("main").waitFor();
  // A list does not change while the pointer is in it.
  await page.mouse.move(0, 0);
  for (const [file, hash] of Object.entries(pages)) {
    await page.goto(`${url}/ui/#/${hash}`);
    await settled(page);
    await page.screenshot({ path: join(folder, `${file}-${name}.png`) });
  }
  await context.close();
}

/** A form asks after half a second without input who will get its message. */
const QUIET_MS = 2_000;

/** Waits until the page has loaded what it shows. */
async function settled(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await page.waitForTimeout(QUIET_MS);
  await page.waitForFunction(() => document.querySelector("main [aria-busy=true]") === null);
}
