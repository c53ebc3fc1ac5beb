import { join } from "node:path";
import type { ConsoleMessage, Page } from "playwright-core";
import { median } from "../../../src/bench/figures.ts";
import { findChromium, launchChromium } from "../../../test/support/chromium.ts";
import type { Product } from "../product.ts";
import type { Found } from "./requests.ts";

const PAGES_FILE = join(import.meta.dir, "..", "..", "..", "web", "admin", "pages.ts");
/** Parts of pages that load something of their own. */
const TABS = ["app/:app/endpoint/:endpoint?tab=transformation"];
const LOADS = 5;
const WITHIN_MS = 30_000;

/** Medians in ms until the content is shown. */
export interface Load {
  readonly address: string;
  /** From the start of a navigation to the page in a new document. */
  readonly opened: number;
  /** From a click that leads from another page to this one. */
  readonly clicked: number;
}

/** Opens every page of the admin page in Chromium. Returns null if Chromium is not installed. */
export async function measureLoads(server: Product, found: Found): Promise<readonly Load[] | null> {
  const path = findChromium();
  if (path === null) return null;
  const browser = await launchChromium(path);
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript(reportShown);
    const origin = new URL(server.messagesUrl).origin;
    await page.goto(`${origin}/ui/`);
    await page.getByLabel("Token").fill(server.headers.authorization!.replace("Bearer ", ""));
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    const loads: Load[] = [];
    for (const address of await addressesOf(found)) {
      const [opened, clicked] = [[] as number[], [] as number[]];
      for (let i = 0; i < LOADS; i++) {
        opened.push(await open(page, `${origin}/ui/#/${address}`));
        clicked.push(await click(page, `#/${address}`));
      }
      loads.push({ address, opened: median(opened), clicked: median(clicked) });
    }
    return loads;
  } finally {
    await browser.close();
  }
}

const SHOWN = "Shown at ";

/**
 * Runs in the page, where it writes to the console when all content is shown. A page is not complete
 * while a part of it has a placeholder or a chart is not drawn. The page reports by itself, because
 * Playwright's way to wait for a condition runs 30 ms of its own code in a new document.
 */
function reportShown(): void {
  const isShown = () => {
    const main = document.querySelector("main");
    return main?.querySelector("h1, h2") != null && main.querySelector("[aria-busy=true]") === null;
  };
  const check = () => {
    if (isShown()) console.debug(`Shown at ${performance.now()}`);
    else requestAnimationFrame(check);
  };
  addEventListener("bench", check);
  if (location.hash !== "") requestAnimationFrame(check);
}

/** Resolves with the time at which the content is shown, as the page's own clock has it. */
async function shown(page: Page): Promise<number> {
  const isReport = (message: ConsoleMessage) => message.text().startsWith(SHOWN);
  const message = await page.waitForEvent("console", { predicate: isReport, timeout: WITHIN_MS });
  return Number(message.text().slice(SHOWN.length));
}

async function open(page: Page, url: string): Promise<number> {
  // A change of the fragment alone would not load the document again.
  await page.goto("about:blank");
  const at = shown(page);
  await page.goto(url, { waitUntil: "commit" });
  return await at;
}

async function click(page: Page, hash: string): Promise<number> {
  await page.evaluate(() => void location.assign("#/event-types-from-openapi"));
  await page.waitForFunction(() => document.title.startsWith("Import"), undefined, { timeout: WITHIN_MS });
  const at = shown(page);
  const startedAt = await page.evaluate((to) => {
    const now = performance.now();
    location.assign(to);
    // The next page is rendered when the event of this change has been handled.
    requestAnimationFrame(() => dispatchEvent(new Event("bench")));
    return now;
  }, hash);
  return (await at) - startedAt;
}

/** Returns an address for each pattern in the table of pages and in `TABS`. */
async function addressesOf(found: Found): Promise<readonly string[]> {
  const patterns = [...(await Bun.file(PAGES_FILE).text()).matchAll(/\bpage\("([^"]*)"/g)].map(([, text]) => text!);
  const values: Readonly<Record<string, string>> = {
    ":app": found.app,
    ":message": found.message,
    ":endpoint": found.endpoint,
    ":name": found.eventType,
    ":source": found.source,
    ":entry": found.logEntry,
    ":task": found.task,
    ":inbox": "inbox_of_the_bench",
  };
  const ofSource: typeof values = { ":message": found.sourceMessage, ":endpoint": found.sourceEndpoint };
  return [...patterns, ...TABS].map((pattern) => {
    const known = pattern.startsWith("source/") ? { ...values, ...ofSource } : values;
    return pattern.replaceAll(/:\w+/g, (name) => known[name] ?? name);
  });
}
