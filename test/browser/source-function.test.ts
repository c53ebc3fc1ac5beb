import { expect, test } from "bun:test";
import { violationsOn } from "../support/axe.ts";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";

const TOKEN = "root-token-of-the-test-of-functions";
const CODE = "async function handler(event, ctx) {\n  ctx.log(event.payload);\n  return ctx.secrets.KEY;\n}";

describeInBrowser("a function of a source on the admin page", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  test(
    "a function is added to a source with its code and secrets, and edited on its page",
    async () => {
      const source = await call("POST", "/ingest/api/v1/source", { name: "Hub", type: "generic-webhook" });
      // A response 422 is an error of the console; this test expects one.
      await using opened = await openAdminPage(group, TOKEN, `#/source/${source.id}`, { ignored: "422" });
      const { page } = opened;
      const url = page.getByLabel("URL of a new endpoint");
      const code = page.getByLabel("Code of the function");
      const add = page.getByRole("button", { name: "Add endpoint" });
      await url.waitFor();
      expect(await code.count()).toBe(0);
      await url.fill("function:");
      await code.fill("async function handler(event, ctx) { let a = ; }");
      await page.getByLabel("Secrets of the function").fill('{"KEY": "a secret"}');
      await add.click();
      await page
        .getByText(/SyntaxError/)
        .first()
        .waitFor();
      await code.fill(CODE);
      await add.click();
      await page.getByText("The endpoint has been added.").waitFor();
      expect(await url.inputValue()).toBe("");
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });

      await fetch(source.ingestUrl, { method: "POST", body: "hello" });
      const { data } = await until(
        () => call("GET", `/app/${source.appId}/msg`),
        (messages) => messages.data.length > 0,
      );
      const attempts = await until(
        () => call("GET", `/app/${source.appId}/attempt/msg/${data[0].id}`),
        (list) => list.data.length > 0,
      );
      expect(attempts.data[0]).toMatchObject({ url: "function:", reason: null });

      await page.getByRole("link", { name: "function:", exact: true }).click();
      const settings = page.getByRole("region", { name: "Settings" });
      expect(await settings.getByLabel("Code of the function").inputValue()).toBe(CODE);
      expect(await settings.getByLabel("Secrets of the function").inputValue()).toContain("[set]");
      await settings.getByLabel("Code of the function").fill(CODE.replace("ctx.secrets.KEY", "'changed'"));
      await settings.getByRole("button", { name: "Save" }).click();
      await settings.getByText("Saved.", { exact: true }).waitFor();
      const [endpoint] = (await call("GET", `/ingest/api/v1/source/${source.id}/endpoint`)).data;
      expect(endpoint.function).toEqual({
        code: CODE.replace("ctx.secrets.KEY", "'changed'"),
        secrets: { KEY: "[set]" },
      });
      await page.setViewportSize({ width: 375, height: 700 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await violationsOn(page)).toEqual([]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
