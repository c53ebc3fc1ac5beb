import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { BROWSER_TIMEOUT_MS, callerOf, describeInBrowser, logInWith, watch } from "../support/browser.ts";

/** The overview of the admin page and its search. */

const TOKEN = "root-token-of-the-test-of-the-overview-12";
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = "<img src=x onerror=alert(1)>";

const options = { env: { BOATHOOK_ROOT_TOKEN: TOKEN }, args: ["--retry-schedule="] };

describeInBrowser("the overview of the admin page", options, (group) => {
  const ids = { acme: "", failing: "", message: "" };

  const call = callerOf(group, TOKEN);

  /** Calls until `isDone` holds for the overview of the API. */
  async function untilOverview(isDone: (overview: Record<string, number>) => boolean): Promise<void> {
    const deadline = Date.now() + BROWSER_TIMEOUT_MS / 2;
    let last: unknown = null;
    while (Date.now() < deadline) {
      const overview = await call("GET", "/overview");
      if (isDone(overview)) return;
      last = overview;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`The overview does not become as expected: ${JSON.stringify(last)}`);
  }

  /** Three messages are delivered, two become dead letters, and two wait for a paused endpoint. */
  beforeAll(async () => {
    ids.acme = (await call("POST", "/app", { name: "Acme Ltd", uid: "acme" })).id;
    await call("POST", "/app", { name: HOSTILE, uid: "hostile" });
    await call("POST", "/event-type", { name: "order.shipped", description: "" });
    const inbox = (name: string) => `${group.server.url}/inbox/${name}`;
    await call("POST", "/app/acme/endpoint", { url: inbox("acme-good-orders"), channels: ["good"] });
    const bad = await call("POST", "/app/acme/endpoint", {
      ...{ url: inbox("acme-bad-orders?status=500"), channels: ["bad"] },
    });
    ids.failing = bad.id;
    const paused = { url: inbox("acme-paused"), channels: ["paused"], paused: true };
    await call("POST", "/app/acme/endpoint", paused);
    const channels = ["good", "good", "good", "bad", "bad", "paused", "paused"];
    for (const [at, channel] of channels.entries()) {
      const message = { eventType: "order.shipped", eventId: `order-${at}`, channels: [channel], payload: {} };
      ids.message = (await call("POST", "/app/acme/msg", message)).id;
    }
    await untilOverview(({ delivered, dead, failing }) => delivered === 3 && dead === 2 && failing === 1);
  }, BROWSER_TIMEOUT_MS);

  async function open(address = "", viewport = { width: 1280, height: 900 }) {
    const context = await group.browser.newContext({ viewport });
    const page = await context.newPage();
    const { errors } = watch(page, group.server.url);
    await page.goto(`${group.server.url}/ui/${address}`);
    await logInWith(page, TOKEN);
    await page.getByRole("button", { name: "Search" }).waitFor();
    return { page, context, errors, [Symbol.asyncDispose]: () => context.close() };
  }

  const hashOf = (page: Page) => page.evaluate(() => location.hash);

  test(
    "a failing endpoint is found from the overview in two clicks",
    async () => {
      await using opened = await open();
      const { page } = opened;
      await page.getByRole("link", { name: "Failing endpoints: 1" }).click();
      await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
      const row = page.getByRole("row").filter({ hasText: "acme-bad-orders" });
      await row.waitFor();
      expect(await page.locator("main tbody tr").count()).toBe(1);
      await row.getByRole("link", { name: /acme-bad-orders/ }).click();
      await page.waitForFunction((id) => location.hash.endsWith(id), ids.failing);

      await page.goBack();
      await page.goBack();
      const entry = page.getByRole("listitem").filter({ hasText: "acme-bad-orders" });
      await entry.getByText("server error (5xx)").waitFor();
      await entry.getByRole("link", { name: /Acme Ltd.*acme-bad-orders/ }).click();
      await page.waitForFunction((id) => location.hash.endsWith(id), ids.failing);
      await page.locator("main").getByText("acme-bad-orders").first().waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "every number is a link to a list with as many rows",
    async () => {
      await using opened = await open("#/?range=1h");
      const { page } = opened;
      const numbers: [string, number][] = [
        ["Failing endpoints", 1],
        ["Pending deliveries", 2],
        ["Accepted messages", 7],
        ["Successful deliveries", 3],
      ];
      for (const [label, count] of numbers) {
        await page.getByRole("link", { name: `${label}: ${count}` }).click();
        await page.waitForFunction((rows) => document.querySelectorAll("main tbody tr").length === rows, count, {
          timeout: BROWSER_TIMEOUT_MS / 4,
        });
        const isPending = label === "Pending deliveries";
        const header = page.getByText(`${count} pending deliveries of ${count} messages`);
        await header.waitFor({ state: isPending ? "visible" : "detached" });
        await page.goBack();
        await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
        expect(await hashOf(page)).toBe("#/?range=1h");
      }
      await page.getByRole("link", { name: "Dead letters: 2" }).click();
      await page.getByText("2 dead letters in 1 group").waitFor();
      await page.goBack();
      await page.getByRole("link", { name: "Dead letters: server error (5xx)" }).click();
      await page.getByText("2 dead letters in 1 group").waitFor();
      expect(await hashOf(page)).toBe("#/dead-letter?reason=status_5xx");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "the range of time is chosen by a click, is kept in the address, and its counts are from the store",
    async () => {
      await using opened = await open();
      const { page } = opened;
      await page.getByText("2 of 5 attempts failed").waitFor();
      await page.getByText("60 %").first().waitFor();
      for (const [title, hash] of [
        ["1 hour", "#/?range=1h"],
        ["7 days", "#/?range=7d"],
        ["30 days", "#/?range=30d"],
        ["24 hours", "#/"],
      ] as const) {
        await page.getByRole("link", { name: title, exact: true }).click();
        await page.waitForFunction((expected) => location.hash === expected, hash);
        await page.getByRole("link", { name: "Accepted messages: 7" }).waitFor();
        await page.locator("figure canvas").nth(2).waitFor();
      }
      await page.getByRole("link", { name: "7 days" }).click();
      await page.reload();
      await page.getByRole("link", { name: "7 days" }).and(page.locator("[aria-current=page]")).waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "a chart keeps its data when the colour scheme changes",
    async () => {
      await using opened = await open();
      const { page } = opened;
      const chart = page.locator("figure").filter({ hasText: "Per 15 minutes" });
      const picture = () => chart.locator("canvas").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      await chart.locator("canvas").waitFor();
      const before = await picture();
      for (let i = 0; i < 5; i++) await call("POST", "/app/hostile/msg", { eventType: "order.shipped", payload: {} });
      await chart.getByText("accepted 12").waitFor();
      const light = await picture();
      expect(light).not.toBe(before);
      // Without further data the chart can only be drawn with what it has.
      await page.route("**/stats/timeseries*", () => {});
      const becomes = (isLight: boolean) =>
        page.waitForFunction(
          ([expected, same]) => {
            const canvas = [...document.querySelectorAll("figure")].find((one) => one.textContent?.includes("Per 15"));
            return (canvas?.querySelector("canvas")?.toDataURL() === expected) === same;
          },
          [light, isLight] as const,
        );
      await page.emulateMedia({ colorScheme: "dark" });
      await becomes(false);
      await page.emulateMedia({ colorScheme: "light" });
      await becomes(true);

      await chart.locator(".u-over").hover();
      await chart
        .locator("figcaption")
        .getByText(/\d\d:\d\d/)
        .waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "while deliveries are stopped, a banner says so and resumes them",
    async () => {
      await using opened = await open();
      const { page } = opened;
      const banner = page.getByRole("region", { name: "Deliveries are stopped" });
      expect(await banner.count()).toBe(0);
      for (const [path, label] of [
        ["/environment/pause", "Resume this environment"],
        ["/delivery/hold", "Resume all deliveries"],
      ]) {
        await call("POST", path!);
        await banner.getByRole("button", { name: label! }).click();
        await banner.waitFor({ state: "detached" });
      }
      expect((await call("GET", "/environment")).pausedAt).toBeNull();
      expect((await call("GET", "/health")).delivery).toBe("running");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  const searchInput = (page: Page) => page.getByRole("combobox", { name: /^Search/ });

  /** Types into the search box and opens the chosen line with Enter. */
  async function openFound(page: Page, text: string, name: string | RegExp): Promise<void> {
    await page.keyboard.press("Control+k");
    await searchInput(page).pressSequentially(text);
    await page.getByRole("option", { name }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }

  test(
    "the search finds a customer by name, a message by id, an endpoint by URL and a page by title",
    async () => {
      await using opened = await open();
      const { page } = opened;
      await openFound(page, "acme l", /Acme Ltd.*Customer/);
      expect(decodeURIComponent(await hashOf(page))).toContain(ids.acme);
      await openFound(page, ids.message, /order\.shipped.*Message/);
      await page.getByRole("heading", { level: 1, name: "order.shipped" }).waitFor();
      expect(await hashOf(page)).toContain(ids.message);
      await openFound(page, "order-3", /order\.shipped.*Message/);
      await openFound(page, "acme-bad-orders", /acme-bad-orders.*Acme Ltd.*Endpoint/);
      expect(await hashOf(page)).toEndWith(`/endpoint/${ids.failing}`);
      await openFound(page, "audit", /Audit log.*Page/);
      await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "the search works by keyboard alone, remembers what was opened until the logout, and Escape closes it",
    async () => {
      await using opened = await open();
      const { page, context } = opened;
      await page.keyboard.press("/");
      const input = searchInput(page);
      await input.waitFor();
      const waitForActive = (text: string) =>
        page.waitForFunction((expected) => {
          const id = document.activeElement?.getAttribute("aria-activedescendant");
          return document.getElementById(id ?? "")?.textContent?.includes(expected);
        }, text);
      await waitForActive("Overview");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await waitForActive("Customers");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await hashOf(page)).toBe("");

      await openFound(page, "system", /System/);
      await page.getByRole("heading", { level: 1, name: "System" }).waitFor();
      await page.keyboard.press("Control+k");
      await input.waitFor();
      await waitForActive("System");

      await input.fill("tokens");
      await page.getByRole("option", { name: /Tokens/ }).waitFor();
      const [tab] = await Promise.all([context.waitForEvent("page"), page.keyboard.press("Control+Enter")]);
      await tab.waitForURL(/#\/token$/);
      expect(await hashOf(page)).toBe("#/system");

      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByLabel("Token").waitFor();
      expect(await page.evaluate(() => sessionStorage.getItem("boathook.recent"))).toBeNull();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "the search opens for Ctrl-K right after Escape and stays open",
    async () => {
      await using opened = await open();
      const { page } = opened;
      await page.keyboard.press("/");
      await searchInput(page).waitFor();
      // A browser under load handles both keys before it tells the dialog of its end.
      await page.evaluate(async () => {
        const press = (target: EventTarget, key: string, ctrlKey = false) =>
          target.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true, cancelable: true }));
        const search = document.querySelector("dialog")!;
        const isTold = new Promise((resolve) => search.addEventListener("close", resolve));
        press(search.querySelector("input")!, "Escape");
        for (let turn = 0; turn < 100 && search.isConnected; turn++) await Promise.resolve();
        press(document.body, "k", true);
        await isTold;
      });
      await searchInput(page).pressSequentially("system");
      await page.getByRole("option", { name: /System/ }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "keys pressed as soon as the search button and the search box appear are not lost",
    async () => {
      await using context = await group.browser.newContext();
      const page = await context.newPage();
      const { errors } = watch(page, group.server.url);
      await page.addInitScript(() => {
        const press = (target: Element, key: string) =>
          target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        const pressed = new Set<string>();
        const pressOnce = (selector: string, key: string) => {
          const found = document.querySelector(selector);
          if (found === null || pressed.has(selector)) return;
          pressed.add(selector);
          press(found, key);
        };
        new MutationObserver(() => {
          pressOnce("button[aria-keyshortcuts]", "/");
          pressOnce("dialog input[role=combobox]", "ArrowDown");
        }).observe(document, { childList: true, subtree: true });
      });
      await page.goto(`${group.server.url}/ui/`);
      await logInWith(page, TOKEN);
      await searchInput(page).waitFor();
      await page.getByRole("option", { name: "Customers", selected: true }).waitFor();
      // Effects run after the first picture.
      const twoFrames = (then: () => void) =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)));
      await page.evaluate(`new Promise(${twoFrames})`);
      expect(await page.getByRole("option", { selected: true }).textContent()).toContain("Customers");
      expect(errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "Enter waits for the results of the typed text, and a text without results is said",
    async () => {
      await using opened = await open();
      const { page } = opened;
      await page.getByRole("button", { name: "Search" }).click();
      await searchInput(page).fill("order.shipped");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "order.shipped" }).waitFor();
      expect(await hashOf(page)).toBe("#/event-type/order.shipped");
      await page.keyboard.press("Control+k");
      await searchInput(page).fill("x".repeat(700));
      await page.getByText("Nothing matches").waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  for (const viewport of [
    { width: 1280, height: 900 },
    { width: 320, height: 640 },
  ]) {
    test(
      `the search box shows hostile texts as text, fits and has no accessibility violation at ${viewport.width} px`,
      async () => {
        await using opened = await open("", viewport);
        const { page } = opened;
        await page.evaluate(AXE);
        await page.getByRole("button", { name: "Search" }).click();
        await searchInput(page).fill("<img");
        await page.getByRole("option", { name: HOSTILE }).waitFor();
        expect(await page.locator("[role=option] img").count()).toBe(0);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(excess).toBeLessThanOrEqual(0);
        const violations = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          };
          return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 300)}`);
        });
        expect(violations).toEqual([]);
        expect(opened.errors).toEqual([]);
      },
      BROWSER_TIMEOUT_MS,
    );
  }
});
