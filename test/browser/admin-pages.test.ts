import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { violationsOn } from "../support/axe.ts";
import { callerOf, describeInBrowser, logInWith, watch } from "../support/browser.ts";

/** What must hold on every page of the admin page that the navigation leads to. */

const TIMEOUT_MS = 240_000;
const TOKEN = "root-token-of-the-test-of-every-page-1234";

/** Texts that run code if a page shows them as markup. */
const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(2)</script>",
  '"><svg onload=alert(3)>',
  "javascript:alert(4)//",
  "{{constructor.constructor('alert(5)')()}}",
];
const LOOKS = [
  { name: "desktop, light", viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  { name: "desktop, dark", viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  { name: "phone, light", viewport: { width: 320, height: 640 }, colorScheme: "light" },
  { name: "phone, dark", viewport: { width: 320, height: 640 }, colorScheme: "dark" },
] as const;

describeInBrowser("every page of the admin page", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  beforeAll(() => fill(), TIMEOUT_MS);

  const call = callerOf(group, TOKEN);

  /** Fills every list with hostile and with long texts. */
  async function fill(): Promise<void> {
    const texts = [...HOSTILE, "x".repeat(200)];
    for (const [index, text] of texts.entries()) {
      const uid = `app-${index}`;
      await call("POST", "/app", { name: text, uid, metadata: { [`key-${index}`]: text } });
      const url = `${group.server.url}/inbox/of-strangers?${encodeURIComponent(text)}${"y".repeat(600)}`;
      await call("POST", `/app/${uid}/endpoint`, { url, description: text });
      await call("POST", "/event-type", { name: `type.${index}.${"z".repeat(100)}`, description: text });
      await call("POST", `/app/${uid}/msg`, {
        eventType: `type.${index}.${"z".repeat(100)}`,
        payload: { text },
        tags: [text.slice(0, 10).replace(/\W/g, "t")],
      });
      await call("POST", "/ingest/api/v1/source", { name: text, uid: `source-${index}`, type: "generic-webhook" });
    }
  }

  /** Opens the page and logs in. Every dialog and error of the page is a fault. */
  async function open(look: (typeof LOOKS)[number]) {
    const { viewport, colorScheme } = look;
    const context = await group.browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    const { errors: faults } = watch(page, group.server.url);
    await page.goto(`${group.server.url}/ui/`);
    await logInWith(page, TOKEN);
    await page.getByRole("navigation", { name: "Main", includeHidden: true }).waitFor({ state: "attached" });
    return { page, faults, [Symbol.asyncDispose]: () => context.close() };
  }

  /**
   * Returns the addresses of all pages in the navigation, then of one item of each list, of the parts
   * of these items, and of the pages that create something.
   */
  async function addresses(page: Page): Promise<string[]> {
    const links = (selector: string) =>
      page.locator(selector).evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
    const pages = (await links("nav[aria-label=Main] a")).filter((href) => href.startsWith("#/"));
    const items = new Set<string>();
    for (const href of pages) {
      await show(page, href);
      const [first] = (await links("main tbody a")).filter((link) => link.startsWith("#/"));
      if (first !== undefined) items.add(first);
      for (const link of await links('main header a[href$="/new"]')) items.add(link);
    }
    for (const href of [...items]) {
      await show(page, href);
      for (const link of await links("main nav a")) if (link.startsWith(`${href}?tab=`)) items.add(link);
    }
    return [...pages, ...items];
  }

  async function show(page: Page, href: string): Promise<void> {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, href);
    await page.locator("main h1").first().waitFor({ state: "attached" });
    await page.waitForFunction(() => document.querySelector("main [aria-busy=true]") === null);
  }

  for (const look of LOOKS) {
    test(
      `no page has an accessibility violation, runs a hostile text or is too wide (${look.name})`,
      async () => {
        await using opened = await open(look);
        const { page } = opened;
        const all = await addresses(page);
        expect(all.length).toBeGreaterThan(3);
        for (const href of all) {
          await show(page, href);
          const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect([href, excess]).toEqual([href, Math.min(excess, 0)]);
          expect([href, await violationsOn(page)]).toEqual([href, []]);
        }
        expect(opened.faults).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});

test("the compressed files of the admin page are at most 150 KB, and those of the portal at most 80 KB", () => {
  const size = (name: string) =>
    gzipSync(readFileSync(new URL(`../../dist/web/${name}`, import.meta.url)), { level: 9 }).length;
  const ofAdmin = ["early.js", "app.js", "plot.js", "app.css"].map(size);
  expect(ofAdmin.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(150_000);
  expect(size("portal.js") + size("portal.css")).toBeLessThanOrEqual(80_000);
});
