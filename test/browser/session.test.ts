import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { RunningBoathook } from "../support/binary.ts";
import { findChromium, launchChromium } from "../support/chromium.ts";
import { clientOf, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startServerWithProvider, type TestProvider } from "../support/identity-provider.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const TIMEOUT_MS = 60_000;
const chromiumPath = findChromium();
if (chromiumPath === null) {
  console.log(
    "Sessions are NOT tested in a browser, because Chromium was not found. Install it or set CHROMIUM to its path.",
  );
}

/** What a page may do with the API. It runs in the browser. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

describe.skipIf(chromiumPath === null)("a session in a browser", () => {
  const directory = temporaryDirectory();
  let server: RunningBoathook;
  let provider: TestProvider;
  let otherSite: Bun.Server<undefined>;
  let browser: Browser;
  let send: Send;

  beforeAll(async () => {
    const people = { ada: { email: "ada@example.com", email_verified: true, name: "Ada" } };
    ({ server, provider } = await startServerWithProvider(directory.file("data"), people));
    send = clientOf(server.url);
    const page = () =>
      new Response("<!doctype html><title>Elsewhere</title>", { headers: { "content-type": "text/html" } });
    otherSite = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: page });
    browser = await launchChromium(chromiumPath!);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await provider?.close();
    await otherSite?.stop(true);
    directory[Symbol.dispose]();
  }, TIMEOUT_MS);

  async function open(): Promise<{ page: Page; context: BrowserContext; errors: string[] } & AsyncDisposable> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    return { page, context, errors, [Symbol.asyncDispose]: () => context.close() };
  }

  /** Sends a request from the page, with the cookies that the browser adds. */
  function ask(page: Page, { method, path, headers = {}, body }: Asked) {
    return page.evaluate(
      async ([url, init]) => {
        const response = await fetch(url, init);
        return { status: response.status, json: await response.json().catch(() => null) };
      },
      [path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }] as const,
    );
  }

  /** Opens a page of the server without scripts of its own, and logs in with the root token. */
  async function logIn(page: Page) {
    await page.goto(`${server.url}/docs/guide/providers`);
    const { status, json } = await ask(page, { method: "POST", path: "/api/v1/session", body: { token: ROOT_TOKEN } });
    expect(status).toBe(201);
    return json;
  }

  const applications = async () => (await send("GET", "/app?limit=250")).json.data.length as number;

  test(
    "a person who logs in at a provider of another site has a session in all tabs",
    async () => {
      await using opened = await open();
      const { page, context } = opened;
      await page.goto(`${server.url}/api/v1/oidc/login`);
      expect(new URL(page.url()).origin).toBe(provider.issuer);
      await page.locator("input[name=login]").fill("ada");
      await page.locator("input[name=password]").fill("any");
      await page.getByRole("button", { name: "Sign-in" }).click();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForURL(`${server.url}/ui/**`);
      const [cookie, ...others] = (await context.cookies(server.url)).filter(({ name }) => name.startsWith("boathook"));
      // The address contains the reason if the login has failed.
      expect([page.url(), cookie]).toMatchObject([
        expect.any(String),
        { httpOnly: true, sameSite: "Strict", path: "/" },
      ]);
      expect(others.filter(({ name }) => name.startsWith("boathook_session"))).toEqual([]);
      const tab = await context.newPage();
      await tab.goto(`${server.url}/docs/guide/providers`);
      for (const one of [page, tab]) {
        const { status, json } = await ask(one, { method: "GET", path: "/api/v1/session" });
        expect([status, json.email, json.current]).toEqual([200, "ada@example.com", true]);
        expect(await one.evaluate(() => document.cookie)).toBe("");
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a page of the server can read, change and listen with the cookie until it logs out",
    async () => {
      await using opened = await open();
      const { page } = opened;
      const { csrf } = await logIn(page);
      const headers = { "boathook-csrf": csrf };
      const before = await applications();
      expect((await ask(page, { method: "POST", path: "/api/v1/app", body: { name: "a" }, headers })).status).toBe(201);
      expect((await ask(page, { method: "POST", path: "/api/v1/app", body: { name: "a" } })).status).toBe(403);
      expect(await applications()).toBe(before + 1);
      const event = page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const source = new EventSource("/api/v1/live");
            source.addEventListener("overview", () => source.addEventListener("end", ({ data }) => resolve(data)));
          }),
      );
      await until(
        async () => (await ask(page, { method: "GET", path: "/api/v1/session/list" })).json.data.length as number,
        (count) => count > 0,
      );
      expect((await ask(page, { method: "DELETE", path: "/api/v1/session", headers })).status).toBe(204);
      expect(await event).toBe('{"reason":"token"}');
      expect((await ask(page, { method: "GET", path: "/api/v1/session" })).status).toBe(401);
    },
    TIMEOUT_MS,
  );

  for (const host of ["127.0.0.1", "localhost"]) {
    test(
      `a page on another port of ${host} can neither read, change nor replace the session`,
      async () => {
        await using opened = await open();
        const { page, context } = opened;
        const { id, csrf } = await logIn(page);
        const before = await applications();
        const cookies = await context.cookies(server.url);
        const foreign = await context.newPage();
        await foreign.goto(`http://${host}:${otherSite.port}/`);
        const tries = await foreign.evaluate(
          async ([url, known]) => {
            const attempt = (path: string, init: RequestInit) =>
              fetch(url + path, { credentials: "include", ...init }).then(
                ({ type, status }) => `${type} ${status}`,
                () => "refused by the browser",
              );
            const body = JSON.stringify({ name: "stolen" });
            const login = JSON.stringify({ token: "x" });
            return [
              await attempt("/api/v1/session", {}),
              await attempt("/api/v1/app", { method: "POST", body }),
              await attempt("/api/v1/app", { method: "POST", body, headers: { "boathook-csrf": known } }),
              await attempt("/api/v1/app", { method: "POST", body, mode: "no-cors" }),
              await attempt("/api/v1/session", { method: "POST", body: login, mode: "no-cors" }),
            ];
          },
          [server.url, csrf as string] as const,
        );
        expect(tries).toEqual([
          "refused by the browser",
          "refused by the browser",
          "refused by the browser",
          "opaque 0",
          "opaque 0",
        ]);
        // A form can send JSON as plain text, and its response may set cookies.
        await foreign.evaluate(
          ([url, token]) => {
            const form = document.createElement("form");
            Object.assign(form, { action: url, method: "post", enctype: "text/plain" });
            const input = document.createElement("input");
            Object.assign(input, { name: `{"token":"${token}","x":"`, value: '"}' });
            form.append(input);
            document.body.append(form);
            form.submit();
          },
          [`${server.url}/api/v1/session`, ROOT_TOKEN] as const,
        );
        await foreign.waitForURL(`${server.url}/api/v1/session`);
        expect(await foreign.locator("body").textContent()).toContain("csrf_failed");
        expect(await applications()).toBe(before);
        expect(await context.cookies(server.url)).toEqual(cookies);
        expect((await ask(page, { method: "GET", path: "/api/v1/session" })).json.id).toBe(id);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "the API page uses the session for changes and reads",
    async () => {
      await using opened = await open();
      const { page, errors } = opened;
      await logIn(page);
      await page.goto(`${server.url}/docs`);
      const before = await applications();
      for (const [method, status] of [
        ["post", "201"],
        ["get", "200"],
      ] as const) {
        const block = page.locator(`.opblock-${method}`).filter({ has: page.locator('[data-path="/api/v1/app"]') });
        await block.locator(".opblock-summary-control").click();
        const example = block.locator("textarea.body-param__text");
        if ((await example.count()) > 0) await example.fill('{"name": "from the API page"}');
        await block.getByRole("button", { name: "Execute" }).click();
        await block.locator(".live-responses-table .response-col_status").getByText(status).waitFor();
      }
      expect(await applications()).toBe(before + 1);
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
