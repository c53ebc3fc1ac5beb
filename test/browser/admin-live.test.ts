import { beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { BROWSER_TIMEOUT_MS, describeInBrowser, logInWith, watch } from "../support/browser.ts";
import { clientOf } from "../support/client.ts";

/** Lists of the admin page: their filters, their place, and what live updates do to them. */

const TOKEN = "root-token-of-the-test-of-live-lists-12345";

describeInBrowser("lists of the admin page", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const ids = { acme: "", bolt: "", endpoint: "" };

  async function call(method: string, path: string, body?: unknown) {
    const response = await clientOf(group.server.url)(method, path, body, { token: TOKEN });
    expect([path, response.status < 300, response.text]).toEqual([path, true, response.text]);
    return response.json;
  }

  const send = (app: string, eventType: string, payload: unknown = {}) =>
    call("POST", `/app/${app}/msg`, { eventType, payload });

  beforeAll(async () => {
    ids.acme = (await call("POST", "/app", { name: "Acme Ltd", uid: "acme" })).id;
    ids.bolt = (await call("POST", "/app", { name: "Bolt & Nut <b>", uid: "bolt" })).id;
    const url = `${group.server.url}/inbox/acme-orders`;
    ids.endpoint = (await call("POST", "/app/acme/endpoint", { url })).id;
    await call("POST", "/event-type", { name: "invoice.paid", description: "An invoice was paid" });
    await send("acme", "invoice.paid");
    await send("bolt", "order.created");
  }, BROWSER_TIMEOUT_MS);

  async function open(address: string, viewport = { width: 1280, height: 800 }) {
    const context = await group.browser.newContext({ viewport });
    const page = await context.newPage();
    const { errors } = watch(page, group.server.url);
    await page.goto(`${group.server.url}/ui/`);
    await logInWith(page, TOKEN);
    await page.locator("main").waitFor();
    await show(page, address);
    return { page, errors, [Symbol.asyncDispose]: () => context.close() };
  }

  async function show(page: Page, hash: string): Promise<void> {
    await page.evaluate((to) => {
      location.hash = to;
    }, hash);
    await page.locator("main h1").first().waitFor({ state: "attached" });
  }

  /** Waits until an input shows a text with this end. */
  const showsValue = (page: Page, end: string) =>
    page.waitForFunction(
      (text) => [...document.querySelectorAll("input")].some(({ value }) => value.endsWith(text)),
      end,
    );

  test(
    "a customer is chosen by a part of the name with the keyboard, and the address has the id",
    async () => {
      await using opened = await open("#/msg");
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Customer" });
      await page.getByRole("cell", { name: "order.created" }).waitFor();
      await input.pressSequentially("acm");
      await page.getByRole("option", { name: "Acme Ltd" }).waitFor();
      await page.keyboard.press("Enter");
      await page.waitForFunction((id) => location.hash.includes(`app_id=${id}`), ids.acme);
      expect(await input.inputValue()).toBe("Acme Ltd");
      await page.getByRole("cell", { name: "order.created" }).waitFor({ state: "detached" });
      // Another visitor of the link sees the name too.
      await page.reload();
      await showsValue(page, "Acme Ltd");
      await page.getByRole("button", { name: "Remove filter Customer" }).click();
      await page.getByRole("cell", { name: "order.created" }).waitFor();
      expect(await page.evaluate(() => location.hash)).toBe("#/msg");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "Escape closes the options without a choice, and an emptied input removes the filter",
    async () => {
      await using opened = await open(`#/msg?app_id=${"app_unknown"}`);
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Customer" });
      // A value without a name, here of no customer, is shown as it is.
      expect(await input.inputValue()).toBe("app_unknown");
      await input.click();
      await page.getByRole("option", { name: "Bolt" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Escape");
      expect(await page.getByRole("listbox").count()).toBe(0);
      expect(await page.evaluate(() => location.hash)).toContain("app_unknown");
      await input.fill("");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => location.hash === "#/msg");
      await page.getByRole("cell", { name: "order.created" }).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "an event type is suggested by its description, and one that is not registered can be entered",
    async () => {
      await using opened = await open("#/msg");
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Event type" });
      await input.pressSequentially("was paid");
      await page.getByRole("option", { name: "invoice.paid" }).click();
      await page.waitForFunction(() => location.hash.includes("event_types=invoice.paid"));
      await page.getByRole("cell", { name: "order.created" }).waitFor({ state: "detached" });
      await input.fill("order.created");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => location.hash.includes("event_types=order.created"));
      await page.getByRole("cell", { name: "order.created" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "the options fit on a screen of 320 px, and an endpoint is chosen by its URL",
    async () => {
      await using opened = await open("#/dead-letter", { width: 320, height: 640 });
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Endpoint" });
      await input.pressSequentially("acme-orders");
      const option = page.getByRole("option", { name: "acme-orders" });
      await option.waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await option.click();
      await page.waitForFunction((id) => location.hash.includes(`endpoint_id=${id}`), ids.endpoint);
      await page.reload();
      await showsValue(page, "/inbox/acme-orders");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );
});
