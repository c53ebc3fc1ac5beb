import { expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { violationsOn } from "../support/axe.ts";
import {
  callerOf,
  describeInBrowser,
  openAdminPage,
  BROWSER_TIMEOUT_MS as TIMEOUT_MS,
  watch,
} from "../support/browser.ts";
import { until } from "../support/delivery.ts";

const TOKEN = "root-token-of-the-test-of-thin-events";

describeInBrowser("the form of an endpoint with thin events", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  async function screenshot(page: Page, name: string): Promise<void> {
    const folder = process.env.SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }

  /** Chooses a mode in the form, saves it, and waits until the endpoint has it. */
  async function choose(form: Locator, mode: "full" | "reference", path: string): Promise<void> {
    await form.getByLabel("Payload", { exact: true }).selectOption(mode);
    await form.getByRole("button", { name: "Save", exact: true }).click();
    await until(
      () => call("GET", path),
      ({ payloadMode }) => payloadMode === mode,
    );
  }

  test(
    "on the admin page, an endpoint is switched to thin events, and its attempt shows what was sent without the link",
    async () => {
      await call("POST", "/app", { uid: "shop", name: "Shop" });
      const url = `${group.server.url}/inbox/inbox-of-the-shop`;
      const { id } = await call("POST", "/app/shop/endpoint", { url });
      await using opened = await openAdminPage(group, TOKEN, `#/app/shop/endpoint/${id}?tab=settings`);
      const { page } = opened;
      const form = page.locator("form").filter({ has: page.getByLabel("Payload", { exact: true }) });
      const choice = form.getByLabel("Payload", { exact: true });
      expect(await choice.inputValue()).toBe("full");
      await choose(form, "reference", `/app/shop/endpoint/${id}`);
      await screenshot(page, "thin-admin");
      expect(await violationsOn(page)).toEqual([]);
      await page.reload();
      expect(await choice.inputValue()).toBe("reference");

      const message = await call("POST", "/app/shop/msg", { eventType: "invoice.paid", payload: { amount: 12 } });
      const attempts = () => call("GET", `/app/shop/attempt/msg/${message.id}`);
      await until(attempts, ({ data }) => data[0]?.status === 0);
      await page.goto(`${group.server.url}/ui/#/app/shop/msg/${message.id}`);
      await page.getByRole("button", { name: "Details" }).click();
      const sent = page.getByText(`/payload/***`, { exact: false }).first();
      await sent.waitFor();
      await screenshot(page, "thin-attempt");
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "in the portal, a customer adds an endpoint with thin events and switches it back",
    async () => {
      await call("POST", "/app", { uid: "cafe", name: "Café" });
      const { url } = await call("POST", "/auth/app-portal-access/cafe", {});
      await using context = await group.browser.newContext({
        viewport: { width: 375, height: 700 },
        colorScheme: "dark",
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const { errors } = watch(page, group.server.url);
      await page.goto(`${url}&next=/endpoints/new`);
      await page.getByLabel("URL", { exact: true }).fill(`${group.server.url}/inbox/inbox-of-the-cafe`);
      await page.getByText("More options").click();
      await page.getByLabel("Payload", { exact: true }).selectOption("reference");
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await violationsOn(page)).toEqual([]);
      await screenshot(page, "thin-portal");
      await page.getByRole("button", { name: "Add endpoint" }).click();
      const listed = () => call("GET", "/app/cafe/endpoint");
      const { data } = await until(listed, (list) => list.data.length === 1);
      expect(data[0].payloadMode).toBe("reference");

      await page.goto(`${url}&next=/endpoints/${data[0].id}/settings`);
      await choose(page.locator("main"), "full", `/app/cafe/endpoint/${data[0].id}`);
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
