import { expect, test } from "bun:test";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";

const TOKEN = "root-token-of-the-test-of-filters";

describeInBrowser("the filter on the page of an endpoint", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  test(
    "a filter is tested on stored messages before it is saved, problems have their place, and numbers are kept",
    async () => {
      await call("POST", "/app", { uid: "shop", name: "Shop" });
      const url = `${group.server.url}/inbox/inbox-of-the-shop`;
      const { id } = await call("POST", "/app/shop/endpoint", { url });
      for (const amount of [5, 15, 25]) {
        await call("POST", "/app/shop/msg", { eventType: "invoice.paid", payload: { amount } });
      }
      const stored = async () => (await call("GET", `/app/shop/endpoint/${id}`)).filter;
      // A response 422 is an error of the console; this test expects one.
      await using opened = await openAdminPage(group, TOKEN, `#/app/shop/endpoint/${id}?tab=settings`, {
        ignored: "422",
      });
      const { page } = opened;
      const section = page.getByRole("region", { name: "Filter", exact: true });
      const input = section.getByLabel("Filter as JSON");
      const save = section.getByRole("button", { name: "Save filter" });

      await input.fill('{"payload": ');
      await save.click();
      await section.getByText("Must be valid JSON.").waitFor();
      await input.fill('{"payload": {"amount": {"$foo": 10}}}');
      await save.click();
      await section.getByText(/^payload\.amount\.\$foo: Unknown operator/).waitFor();
      expect(await stored()).toBeNull();

      await input.fill('{"payload": {"amount": {"$gt": 10}}}');
      await section.getByText("Correct the filter.").waitFor({ state: "hidden" });
      await section.getByRole("button", { name: "Test on stored messages" }).click();
      await section.getByText("Of the last 3 messages, 2 match.").waitFor();
      await section.getByText("payload.amount: 5 is not > 10").waitFor();
      expect(await stored()).toBeNull();
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1280, height: 800 });

      await input.fill('{"payload": {"id": 9007199254740993}}');
      await save.click();
      await section.getByText("Saved.", { exact: true }).waitFor();
      await page.reload();
      expect(await input.inputValue()).toContain('"id": 9007199254740993');
      await input.fill("");
      await save.click();
      await until(stored, (filter) => filter === null);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
