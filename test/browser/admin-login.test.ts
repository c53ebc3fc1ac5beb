import { expect, test } from "bun:test";
import type { BrowserContext } from "playwright-core";
import { describeInBrowser, logInWith, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";
import { clientOf } from "../support/client.ts";

/** Who is logged in on the admin page. */

const TOKEN = "root-token-of-the-test-of-the-login-page-1";

describeInBrowser("login on the admin page", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const send = (method: string, path: string, body?: unknown) =>
    clientOf(group.server.url)(method, path, body, { token: TOKEN });

  async function open(hash = "") {
    const context = await group.browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${group.server.url}/ui/${hash}`);
    return { page, context, [Symbol.asyncDispose]: () => context.close() };
  }

  async function tabOf(context: BrowserContext, hash = "") {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${group.server.url}/ui/${hash}`);
    return page;
  }

  test(
    "a deep address leads to its page after the login, and scripts and requests never have the token",
    async () => {
      await using opened = await open("#/event-type?archived=yes");
      const { page, context } = opened;
      const { errors } = watch(page, group.server.url);
      const withToken: string[] = [];
      page.on("request", (request) => {
        if (request.headers().authorization !== undefined) withToken.push(request.url());
      });
      await logInWith(page, TOKEN);
      await page.getByRole("heading", { level: 1, name: "Event types" }).waitFor();
      expect(page.url()).toEndWith("#/event-type?archived=yes");
      await page.reload();
      await page.getByRole("heading", { level: 1, name: "Event types" }).waitFor();
      expect(withToken).toEqual([]);
      expect(errors).toEqual([]);
      const readable = await page.evaluate(() =>
        JSON.stringify([document.cookie, { ...sessionStorage }, { ...localStorage }]),
      );
      expect(JSON.parse(readable)).toEqual(["", {}, { "boathook.loggedIn": "" }]);
      expect((await context.cookies()).filter(({ httpOnly }) => !httpOnly)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a login in one tab logs in the others, and a logout in one tab logs out all",
    async () => {
      await using opened = await open();
      const { page, context } = opened;
      const other = await tabOf(context, "#/system");
      await other.getByLabel("Token").waitFor();
      await logInWith(page, TOKEN);
      await other.getByRole("heading", { level: 1, name: "System" }).waitFor();
      const third = await tabOf(context, "#/token");
      await third.getByRole("heading", { level: 1, name: "Tokens" }).waitFor();
      await other.getByRole("button", { name: "Log out" }).click();
      for (const tab of [page, other, third]) {
        await tab.getByLabel("Token").waitFor();
        expect(await tab.getByRole("alert").count()).toBe(0);
      }
      await page.reload();
      await page.getByLabel("Token").waitFor();
      expect(await context.cookies()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "other tabs show no error while the response to a logout is on its way",
    async () => {
      await using opened = await open();
      const { page, context } = opened;
      await logInWith(page, TOKEN);
      const other = await tabOf(context, "#/system");
      await other.getByRole("heading", { level: 1, name: "System" }).waitFor();
      const { promise: arrival, resolve: arrive } = Promise.withResolvers<void>();
      await page.route("**/api/v1/session", async (route) => {
        const response = await route.fetch();
        await arrival;
        await route.fulfill({ response });
      });
      await page.getByRole("button", { name: "Log out" }).click();
      await other.getByLabel("Token").waitFor();
      expect(await other.getByRole("alert").count()).toBe(0);
      arrive();
      await page.getByLabel("Token").waitFor();
      expect(await page.getByRole("alert").count()).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "a change is sent again with the new session if the same token has logged in again",
    async () => {
      await using opened = await open("#/token");
      const { page } = opened;
      await logInWith(page, TOKEN);
      await page.getByLabel("Name", { exact: true }).fill("after another login");
      await page.evaluate(async (token) => {
        await fetch("/api/v1/session", { method: "POST", body: JSON.stringify({ token }) });
      }, TOKEN);
      await page.getByRole("button", { name: "Create token" }).click();
      await page.getByText("It is not shown again.").waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "a change is not sent in the name of another owner who has logged in since",
    async () => {
      const { json: environment } = await send("GET", "/environment");
      const tokens = `/management/authentication/${environment.id}/api-token`;
      const { json: other } = await send("POST", tokens, { name: "another owner" });
      await using opened = await open("#/token");
      const { page } = opened;
      await logInWith(page, TOKEN);
      await page.getByLabel("Name", { exact: true }).fill("not made");
      await page.evaluate(async (token) => {
        await fetch("/api/v1/session", { method: "POST", body: JSON.stringify({ token }) });
      }, other.token as string);
      const answered = page.waitForResponse((response) => response.status() === 403);
      await page.getByRole("button", { name: "Create token" }).click();
      await answered;
      await page.getByRole("heading", { level: 1, name: "Tokens" }).waitFor();
      const { json: list } = await send("GET", tokens);
      expect(list.data.map(({ name }: { name: string }) => name)).not.toContain("not made");
    },
    TIMEOUT_MS,
  );

  test(
    "when the token of a session is revoked, its tabs lead to the login page with the reason",
    async () => {
      const { json: environment } = await send("GET", "/environment");
      const tokens = `/management/authentication/${environment.id}/api-token`;
      const { json: created } = await send("POST", tokens, { name: "short-lived" });
      await using opened = await open("#/customers");
      const { page } = opened;
      await logInWith(page, created.token);
      await page.getByText("live", { exact: true }).waitFor();
      await send("POST", `${tokens}/${created.id}/expire`, { expiry: 0 });
      await page.getByRole("alert").getByText("The session has ended. Log in again.").waitFor();
      await logInWith(page, TOKEN);
      await page.getByRole("button", { name: "Log out" }).waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "a token of an application is refused with a sentence that names the portal",
    async () => {
      const { json: app } = await send("POST", "/app", { name: "Acme" });
      const { json: access } = await send("POST", `/auth/app-portal-access/${app.id}`, {});
      await using opened = await open();
      await logInWith(opened.page, access.token);
      await opened.page.getByRole("alert").getByText("portal link").waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "the login page says why a login at the identity provider failed",
    async () => {
      await using opened = await open("?login=not_admin#/system");
      const { page } = opened;
      await page.getByRole("alert").getByText("not listed in the setting oidc-admins").waitFor();
      expect(page.url()).toEndWith("/ui/#/system");
      for (const reason of ["constructor", "<img src=x onerror=alert(1)>"]) {
        await page.goto(`${group.server.url}/ui/?login=${encodeURIComponent(reason)}`);
        await page.getByRole("alert").getByText("The login at the identity provider failed").waitFor();
      }
      expect(await page.getByRole("link", { name: /^Log in at/ }).count()).toBe(0);
    },
    TIMEOUT_MS,
  );
});
