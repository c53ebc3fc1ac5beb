import { expect, test } from "bun:test";
import {
  callerOf,
  describeInBrowser,
  logInWith,
  openAdminPage,
  BROWSER_TIMEOUT_MS as TIMEOUT_MS,
} from "../support/browser.ts";
import { until } from "../support/delivery.ts";

/** What the admin page does if the browser or another user gets in its way. */

const TOKEN = "root-token-of-the-test-of-hostile-states-1";
const MANY = 251;
const SOURCE = "/ingest/api/v1/source";

describeInBrowser("the admin page in the way of others", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  test(
    "the page shows the login and works if the browser forbids storage",
    async () => {
      const context = await group.browser.newContext();
      await using _ = { [Symbol.asyncDispose]: () => context.close() };
      await context.addInitScript(() => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {
            get: () => {
              throw new DOMException("Access is denied for this document.", "SecurityError");
            },
          });
        }
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      await page.goto(`${group.server.url}/ui/`);
      await logInWith(page, TOKEN);
      await page.getByRole("navigation", { name: "Main" }).waitFor();
      await page.keyboard.press("Control+K");
      await page.getByRole("option", { name: /Tokens/ }).click();
      await page.getByRole("heading", { level: 1, name: "Tokens" }).waitFor();
      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByLabel("Token").waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "the deliveries of a source with many endpoints are all paused, also if one endpoint is deleted during the request",
    async () => {
      await call("POST", SOURCE, { name: "Hub", uid: "hub", type: "generic-webhook" });
      for (let i = 0; i < MANY; i++) {
        await call("POST", `${SOURCE}/hub/endpoint`, { url: `${group.server.url}/inbox/inbox_of_many`, uid: `e${i}` });
      }
      const { id: first } = await call("GET", `${SOURCE}/hub/endpoint/e0`);
      await using opened = await openAdminPage(group, TOKEN, "#/source/hub", { ignored: "404" });
      const { page } = opened;
      await page.getByRole("button", { name: "Pause deliveries" }).click();
      await page.route(`**/endpoint/${first}`, (route) =>
        route.fulfill({ status: 404, json: { code: "not_found", detail: "Endpoint not found" } }),
      );
      await page.getByRole("button", { name: `Pause ${MANY} endpoints` }).click();
      const isPaused = async (uid: string) => (await call("GET", `${SOURCE}/hub/endpoint/${uid}`)).paused as boolean;
      // The newest endpoint is on the first page of the list, the oldest on the last.
      await until(
        async () => [await isPaused("e1"), await isPaused(`e${MANY - 1}`)],
        (paused) => !paused.includes(false),
      );
      expect(await isPaused("e0")).toBeFalse();
      expect(await page.locator("main .problem").count()).toBe(0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
