import { expect, test } from "bun:test";
import { violationsOn } from "../support/axe.ts";
import { callerOf, describeInBrowser, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";

const TOKEN = "root-token-of-the-test-of-functions";

describeInBrowser("a function in the portal", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  test(
    "an attempt of a function opens to its result and what it logged, on a phone in the dark",
    async () => {
      await call("POST", "/app", { uid: "shop", name: "Shop" });
      const code = `async function handler(event, ctx) {
        ctx.log("<b>order</b>", event.payload.order);
        ctx.log("x".repeat(300));
        return { checked: event.payload.order };
      }`;
      await call("POST", "/app/shop/endpoint", { uid: "check", url: "function:", function: { code } });
      const { id } = await call("POST", "/app/shop/msg", { eventType: "order.made", payload: { order: 7 } });
      const { url } = await call("POST", "/auth/app-portal-access/shop", { capabilities: ["ViewBase"] });
      await using context = await group.browser.newContext({
        viewport: { width: 375, height: 700 },
        colorScheme: "dark",
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const { errors } = watch(page, group.server.url);
      await page.goto(`${url}&next=/endpoints/check/messages/${id}`);
      await page.getByRole("button", { name: "Details" }).click();
      const result = page.getByRole("region", { name: "Result of the function" });
      await result.getByText('{"checked":7}').or(result.getByText('"checked": 7')).waitFor();
      const output = page.getByRole("region", { name: "Output of the function" });
      await output.getByText("<b>order</b> 7").waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await violationsOn(page)).toEqual([]);
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
