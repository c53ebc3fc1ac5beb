import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { violationsOn } from "../support/axe.ts";
import { callerOf, describeInBrowser, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";
import { awayFromMidnight } from "../support/midnight.ts";

const TOKEN = "root-token-of-the-test-of-quotas";
const options = { args: ["--quota-stored-bytes=1MiB"], env: { BOATHOOK_ROOT_TOKEN: TOKEN } };

describeInBrowser("the quota in the portal", options, (group) => {
  const call = callerOf(group, TOKEN);

  /** Opens the portal of an application in a browser context of its own. */
  async function openPortal(app: string, width: number, colorScheme: "light" | "dark") {
    const { url } = await call("POST", `/auth/app-portal-access/${app}`, { capabilities: ["ViewBase"] });
    const context = await group.browser.newContext({ viewport: { width, height: 700 }, colorScheme });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const watched = watch(page, group.server.url);
    await page.goto(url);
    return { page, ...watched, [Symbol.asyncDispose]: () => context.close() };
  }

  const quota = (page: Page) => page.getByRole("region", { name: "Quota" });
  const factsOf = async (page: Page) =>
    quota(page).evaluate((section) =>
      [...section.querySelectorAll("dl > div")].map((fact) => [
        fact.querySelector("dt")!.textContent,
        fact.querySelector("dd > span")!.textContent,
      ]),
    );

  for (const [width, colorScheme] of [
    [1280, "light"],
    [375, "dark"],
  ] as const) {
    test(
      `a read-only link shows the quota and its usage, and follows them (${width} px, ${colorScheme})`,
      async () => {
        await awayFromMidnight();
        const app = `limited-${width}`;
        await call("POST", "/app", { uid: app, name: "Limited", quota: { endpoints: 1, messagesPerDay: 10_000 } });
        await call("POST", `/app/${app}/endpoint`, { url: `${group.server.url}/inbox/${app}` });
        await using opened = await openPortal(app, width, colorScheme);
        const { page } = opened;
        await quota(page).getByText("1 of 1", { exact: true }).waitFor();
        expect(await factsOf(page)).toEqual([
          ["Endpoints", "1 of 1"],
          ["Messages today", "0 of 10,000"],
          ["Stored payloads", "0 B of 1.0 MiB"],
        ]);
        await call("POST", `/app/${app}/msg`, { eventType: "a", payload: { n: 1 } });
        await quota(page).getByText("1 of 10,000", { exact: true }).waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        expect(await page.locator(":root").evaluate((root) => getComputedStyle(root).colorScheme)).toContain(
          colorScheme,
        );
        expect(await violationsOn(page)).toEqual([]);
        if (process.env.SCREENSHOT) await page.screenshot({ path: `${process.env.SCREENSHOT}-${width}.png` });
        expect([opened.errors, opened.outside]).toEqual([[], []]);
      },
      TIMEOUT_MS,
    );
  }
});

describeInBrowser("the portal without quotas", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  test(
    "the portal of an application without limits shows no quota",
    async () => {
      await call("POST", "/app", { uid: "free", name: "Free" });
      const { url } = await call("POST", "/auth/app-portal-access/free");
      await using context = await group.browser.newContext();
      const page = await context.newPage();
      const loaded = page.waitForResponse((response) => response.url().endsWith("/quota"));
      await page.goto(url);
      expect((await loaded).status()).toBe(200);
      await page.getByRole("heading", { name: "No endpoints yet" }).waitFor();
      expect(await page.getByRole("heading", { name: "Quota" }).count()).toBe(0);
    },
    TIMEOUT_MS,
  );
});
