import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";

/** Where the focus is after actions that remove the control that had it. */

const TOKEN = "root-token-of-the-test-of-the-focus-1234";
const env = { BOATHOOK_ROOT_TOKEN: TOKEN };

describeInBrowser("focus of the admin page", { env }, (group) => {
  const open = (hash: string) => openAdminPage(group, TOKEN, hash);

  const call = callerOf(group, TOKEN);
  const createToken = async (name: string) =>
    call("POST", `/management/authentication/${(await call("GET", "/environment")).id}/api-token`, { name });

  /** Waits until the element with the focus has a text. Fails with the text that it had at last. */
  async function expectFocus(page: Page, text: string): Promise<void> {
    const focused = () => `${document.activeElement?.tagName} ${document.activeElement?.textContent}`;
    await page
      .waitForFunction((text) => document.activeElement?.textContent === text, text, { timeout: 5_000 })
      .catch(async () => expect(await page.evaluate(focused)).toContain(` ${text}`));
  }

  test(
    "after the last token is revoked by keyboard, the focus is on the heading of the page",
    async () => {
      await createToken("billing service");
      await using opened = await open("#/token");
      const { page } = opened;
      await page.getByRole("button", { name: "Revoke" }).press("Enter");
      await expectFocus(page, "Cancel");
      await page.keyboard.press("Shift+Tab");
      await page.keyboard.press("Enter");
      await page.getByText("No tokens").waitFor();
      await expectFocus(page, "Tokens");
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "after a question whose button is replaced, the focus is on the heading of its section",
    async () => {
      await using opened = await open("#/environment");
      const { page } = opened;
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Pause environment" }).click();
      await page.getByRole("button", { name: "Resume" }).waitFor();
      await expectFocus(page, "In use: default");
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByRole("button", { name: "Pause" }).waitFor();
      await expectFocus(page, "In use: default");
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "after a question that fails, the focus is on the button that confirms",
    async () => {
      await using opened = await openAdminPage(group, TOKEN, "#/environment", { ignored: "500" });
      const { page } = opened;
      await page.route("**/environment/pause", (route) => route.fulfill({ status: 500, body: "{}" }));
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Pause environment" }).click();
      await page.getByText("status 500").waitFor();
      await expectFocus(page, "Pause environment");
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a click beside all controls gives up the focus for good",
    async () => {
      await using opened = await open("#/environment");
      const { page } = opened;
      const button = page.getByRole("button", { name: "Export configuration" });
      await button.focus();
      await page.getByRole("heading", { level: 1, name: "Environments" }).click();
      await button.evaluate((element) => element.remove());
      expect(await page.evaluate(() => ["MAIN", "BODY"].includes(document.activeElement!.tagName))).toBe(true);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
