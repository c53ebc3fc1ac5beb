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
const HEIGHT_PX = 860;

/** The pages by the name of the file. */
const PAGES = [
  ["overview", ""],
  ["customers", "app"],
  ["endpoints", "endpoint"],
  ["messages", "msg"],
  ["dead-letters", "dead-letter"],
  ["event-types", "event-type"],
] as const;

/** Takes screenshots of the admin page into `folder`, as `<page>-<look>.png`. */
export async function takeScreenshots(url: string, token: string, chromiumPath: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const browser = await launchChromium(chromiumPath);
  try {
    for (const look of LOOKS) await takeLook(browser, look, { url, token, folder });
  } finally {
    await browser.close();
  }
}

interface Target {
  readonly url: string;
  readonly token: string;
  readonly folder: string;
}

async function takeLook(
  browser: Browser,
  [name, width, colorScheme]: (typeof LOOKS)[number],
  { url, token, folder }: Target,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: HEIGHT_PX }, colorScheme });
  const page = await context.newPage();
  await page.goto(`${url}/ui/`);
  await logInWith(page, token);
  await page.locator("main").waitFor();
  for (const [file, hash] of PAGES) {
    await page.goto(`${url}/ui/#/${hash}`);
    await settled(page);
    await page.screenshot({ path: join(folder, `${file}-${name}.png`) });
  }
  await context.close();
}

/** Waits until the page has loaded what it shows. */
async function settled(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => document.querySelector("main [aria-busy=true]") === null);
}
