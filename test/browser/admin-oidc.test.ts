import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { RunningBoathook } from "../support/binary.ts";
import { BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";
import { findChromium, launchChromium } from "../support/chromium.ts";
import { clientOf } from "../support/client.ts";
import { startServerWithProvider, type TestProvider } from "../support/identity-provider.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Logins at an identity provider through the admin page. */

const PEOPLE = {
  ada: { email: "ada@example.com", email_verified: true, name: "Ada Lovelace" },
  eve: { email: "eve@elsewhere.example", email_verified: true, name: "Eve" },
  mallory: { email: "ada@example.com", email_verified: false },
};

const chromiumPath = findChromium();
if (chromiumPath === null) {
  console.log(
    "Logins at an identity provider are NOT tested in a browser, because Chromium was not found. Install it or set CHROMIUM to its path.",
  );
}

describe.skipIf(chromiumPath === null)("login at an identity provider on the admin page", () => {
  const directory = temporaryDirectory();
  let server: RunningBoathook;
  let provider: TestProvider;
  let browser: Browser;

  beforeAll(async () => {
    ({ server, provider } = await startServerWithProvider(directory.file("data"), PEOPLE));
    browser = await launchChromium(chromiumPath!);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await provider?.close();
    directory[Symbol.dispose]();
  }, TIMEOUT_MS);

  async function open(hash: string) {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    // The login pages of the test's provider want a font of another host.
    await context.route(
      (url) => ![server.url, provider.issuer].includes(url.origin),
      (route) => route.abort(),
    );
    await page.goto(`${server.url}/ui/${hash}`);
    return { page, context, [Symbol.asyncDispose]: () => context.close() };
  }

  /** Follows the link of the login page and fills in the provider's pages. */
  async function logInAs(page: Page, name: string): Promise<void> {
    await page.getByRole("link", { name: `Log in at ${new URL(provider.issuer).host}` }).click();
    await page.locator("input[name=login]").fill(name);
    await page.locator("input[name=password]").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
  }

  test(
    "a person logs in, lands on the page of the address, and is named in the audit log and the sessions",
    async () => {
      await using opened = await open("#/event-type?archived=no");
      const { page, context } = opened;
      await logInAs(page, "ada");
      await page.getByRole("heading", { level: 1, name: "Event types" }).waitFor();
      expect(page.url()).toBe(`${server.url}/ui/#/event-type?archived=no`);
      const { errors, outside } = watch(page, server.url);

      await page.goto(`${server.url}/ui/#/app/new`);
      await page.getByLabel("Name", { exact: true }).fill("Acme");
      await page.getByRole("button", { name: "Create customer" }).click();
      await page.getByRole("heading", { level: 1, name: "Acme" }).waitFor();
      await page.getByRole("link", { name: "Audit log" }).click();
      const change = page.getByRole("table", { name: "Audit log" }).locator("tbody tr").filter({ hasText: "Acme" });
      await change.getByText("ada@example.com").waitFor();
      expect(await change.textContent()).not.toContain("root");

      await page.getByRole("link", { name: "Sessions" }).click();
      const own = page.getByRole("table", { name: "Sessions" }).locator("tbody tr").filter({ hasText: "this session" });
      for (const text of ["ada@example.com", "Ada Lovelace", "identity provider"]) await own.getByText(text).waitFor();
      await page.reload();
      await own.waitFor();

      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByLabel("Token").waitFor();
      const cookies = await context.cookies(server.url);
      expect(cookies.filter(({ name }) => name.startsWith("boathook_session"))).toEqual([]);
      expect({ errors, outside }).toEqual({ errors: [], outside: [] });
    },
    TIMEOUT_MS,
  );

  test(
    "a person who is not an admin, or whose address is not verified, reads why and gets no session",
    async () => {
      for (const [name, sentence] of [
        ["eve", "not listed in the setting oidc-admins"],
        ["mallory", "has not verified your e-mail address"],
      ] as const) {
        await using opened = await open("#/system");
        const { page, context } = opened;
        await logInAs(page, name);
        await page.getByRole("alert").getByText(sentence).waitFor();
        expect(page.url()).toBe(`${server.url}/ui/#/system`);
        await page.getByLabel("Token").waitFor();
        const cookies = await context.cookies(server.url);
        expect(cookies.filter(({ name }) => name.startsWith("boathook_session"))).toEqual([]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "the environment of the address is kept by a login, and by one that is refused",
    async () => {
      const { status } = await clientOf(server.url)("POST", "/management/environment", {
        name: "staging",
        type: "development",
      });
      expect(status).toBe(201);
      const there = "?environment=staging#/app";
      for (const name of ["eve", "ada"]) {
        await using opened = await open(there);
        const { page } = opened;
        await logInAs(page, name);
        const sign =
          name === "ada"
            ? page.getByRole("button", { name: "Environment staging" })
            : page.getByRole("alert").getByText("not listed in the setting oidc-admins");
        await sign.waitFor();
        expect(page.url()).toBe(`${server.url}/ui/${there}`);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a login that is cancelled at the identity provider leads back to the login page with the reason",
    async () => {
      await using opened = await open("#/system");
      const { page } = opened;
      await page.getByRole("link", { name: /^Log in at/ }).click();
      await page.getByRole("link", { name: /cancel/i }).click();
      await page.getByRole("alert").getByText("refused the login, or it was cancelled").waitFor();
    },
    TIMEOUT_MS,
  );
});
