import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";

/** The page of sessions. */

const TOKEN = "root-token-of-the-test-of-the-sessions-page";

describeInBrowser("page of sessions", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  async function tokenNamed(name: string, rights: object = {}): Promise<string> {
    const { id } = await call("GET", "/environment");
    const { token } = await call("POST", `/management/authentication/${id}/api-token`, { name, ...rights });
    return token;
  }

  /** Opens a session as another browser does. */
  async function logIn(token: string, userAgent: string): Promise<void> {
    const response = await fetch(`${group.server.url}/api/v1/session`, {
      method: "POST",
      headers: { "user-agent": userAgent },
      body: JSON.stringify({ token }),
    });
    expect(response.status).toBe(201);
  }

  const rows = (page: Page) => page.getByRole("table", { name: "Sessions" }).locator("tbody tr");

  test(
    "the sessions are listed with their owners, one is ended, and then all others",
    async () => {
      const billing = await tokenNamed("billing service");
      await logIn(billing, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0");
      for (const name of ["one", "two"]) await logIn(TOKEN, `agent ${name} <img src=x onerror=alert(1)>`);
      await using victim = await openAdminPage(group, billing, "#/");
      await using opened = await openAdminPage(group, TOKEN, "#/session");
      const { page } = opened;
      const own = rows(page).filter({ hasText: "this session" });
      await own.getByText("root token").waitFor();
      expect(await own.getByRole("button").count()).toBe(0);
      const firefox = rows(page).filter({ hasText: "Firefox 145 on Linux" });
      await firefox.getByText("billing service").waitFor();
      await firefox.getByText("127.0.0.1").waitFor();
      await rows(page).filter({ hasText: "agent one <img src=x onerror=alert(1)>" }).waitFor();

      await firefox.getByRole("button", { name: "End" }).click();
      await firefox.getByText("End 1 session, that of billing service in Firefox 145 on Linux?").waitFor();
      await firefox.getByRole("button", { name: "End session" }).click();
      await firefox.waitFor({ state: "detached" });
      expect(await rows(page).count()).toBe(4);

      await page.getByRole("button", { name: "End all other sessions" }).click();
      await page.getByText("End 3 other sessions, of billing service, root?").waitFor();
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await page.getByRole("button", { name: "Cancel" }).click();
      expect((await call("GET", "/session/list")).data).toHaveLength(4);
      await page.getByRole("button", { name: "End all other sessions" }).click();
      await page.getByRole("button", { name: "End 3 sessions" }).click();
      await page.getByText("3 sessions ended.").waitFor();
      // The list is read again after that.
      await rows(page).nth(1).waitFor({ state: "detached" });
      await own.waitFor();
      expect(await rows(page).count()).toBe(1);
      await victim.page.getByLabel("Token").waitFor();
      await page.getByRole("button", { name: "End all other sessions" }).click();
      await page.getByText("There are no other sessions.").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a session of a token sees neither root sessions nor, if it is read-only, a way to end sessions",
    async () => {
      await logIn(TOKEN, "of root");
      await using opened = await openAdminPage(group, await tokenNamed("auditor", { readOnly: true }), "#/session");
      const { page } = opened;
      await rows(page).filter({ hasText: "auditor" }).waitFor();
      expect(await page.getByText("root token").count()).toBe(0);
      expect(await page.locator("main button").count()).toBe(0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
