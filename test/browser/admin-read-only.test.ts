import { beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { callerOf, describeInBrowser, logInWith, watch } from "../support/browser.ts";

/** What a session sees that may not do everything. */

/** An operation with a body that changes nothing, so a read-only token may call it. */
const ONLY_READS = /\/filter\/preview$/;
const TIMEOUT_MS = 240_000;
const TOKEN = "root-token-of-the-test-of-read-only-sessions";
/** Buttons that only read, but lead away from the page or write a file. The export is a read with POST. */
const LEFT_ALONE = /^(Download|Export configuration)/;

describeInBrowser("a session that may not do everything", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);

  beforeAll(async () => {
    await call("POST", "/app", { name: "Acme", uid: "acme" });
    await call("POST", "/event-type", { name: "invoice.paid", description: "", schemas: { 1: { type: "object" } } });
    const gone = await call("POST", "/app/acme/endpoint", {
      url: `${group.server.url}/inbox/inbox_of_gone`,
      uid: "gone",
    });
    await call("POST", "/app/acme/endpoint", { url: `${group.server.url}/inbox/inbox_of_open`, uid: "open" });
    // Its messages are missed, so their pages could offer to send them.
    await call("POST", "/app/acme/endpoint", { url: `${group.server.url}/inbox/inbox_of_eu`, channels: ["eu"] });
    await call("POST", "/app/acme/msg", { eventType: "invoice.paid", payload: { amount: 1 } });
    // Disabling an endpoint makes its waiting deliveries dead letters.
    await call("PATCH", `/app/acme/endpoint/${gone.id}`, { paused: true });
    await call("POST", "/app/acme/msg", { eventType: "invoice.paid", payload: { amount: 2 } });
    await call("PATCH", `/app/acme/endpoint/${gone.id}`, { disabled: true });
    await call("POST", "/ingest/api/v1/source", { name: "Hub", uid: "hub", type: "generic-webhook" });
    await call("POST", "/ingest/api/v1/source/hub/endpoint", { url: `${group.server.url}/inbox/inbox_of_hub` });
    await call("POST", "/ingest/api/v1/source/hub/send-example", {});
    await call("POST", "/operational-webhook/endpoint", { url: `${group.server.url}/inbox/in_operational` });
    await call("POST", "/environment/pause", undefined);
  }, TIMEOUT_MS);

  async function tokenWith(rights: object): Promise<string> {
    const { id } = await call("GET", "/environment");
    const { token } = await call("POST", `/management/authentication/${id}/api-token`, { name: "limited", ...rights });
    return token;
  }

  /** Opens the page with a token. Collects the requests that are not reads, except those of the login. */
  async function open(token: string) {
    const context = await group.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const { errors } = watch(page, group.server.url);
    const changes: string[] = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (request.method() !== "GET" && !ONLY_READS.test(pathname)) changes.push(`${request.method()} ${pathname}`);
    });
    await page.goto(`${group.server.url}/ui/`);
    await logInWith(page, token);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    return { page, errors, changes, [Symbol.asyncDispose]: () => context.close() };
  }

  async function show(page: Page, href: string): Promise<void> {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, href);
    await page.locator("main h1").first().waitFor();
    await page.waitForFunction(() => document.querySelector("main [aria-busy=true]") === null);
  }

  const linksIn = (page: Page, selector: string) =>
    page.locator(selector).evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));

  /** Clicks every button on the page that can be clicked, also those that a click has brought. */
  async function clickAll(page: Page): Promise<string[]> {
    const clicked: string[] = [];
    for (;;) {
      const buttons = await page.locator("main button:enabled:visible").all();
      const names = await Promise.all(
        buttons.map(async (one) => (await one.getAttribute("aria-label")) ?? (await one.textContent()) ?? ""),
      );
      const next = names.findIndex((name) => !LEFT_ALONE.test(name) && !clicked.includes(name));
      if (next < 0) return clicked;
      clicked.push(names[next]!);
      await buttons[next]!.click({ timeout: 5_000 });
    }
  }

  test(
    "a read-only token sees every page, and nothing that it can click or send changes anything",
    async () => {
      await using opened = await open(await tokenWith({ readOnly: true }));
      const { page, changes } = opened;
      await page.getByText("read only", { exact: true }).waitFor();
      const pages = (await linksIn(page, "nav[aria-label=Main] a")).filter((href) => href.startsWith("#/"));
      expect(pages).toContain("#/source");
      expect(pages).not.toContain("#/send");
      const items = new Set<string>();
      for (const href of pages) {
        await show(page, href);
        expect([href, await page.locator("main .problem").allInnerTexts()]).toEqual([href, []]);
        for (const link of await linksIn(page, "main tbody a")) if (link.startsWith("#/")) items.add(link);
      }
      const customer = [...items].find((href) => /^#\/app\/[^/]+$/.test(href))!;
      await show(page, `${customer}?tab=endpoints`);
      for (const link of await linksIn(page, "main tbody a")) items.add(link);
      for (const href of [...items]) {
        await show(page, href);
        for (const link of await linksIn(page, "main nav a")) if (link.startsWith(`${href}?tab=`)) items.add(link);
        for (const link of await linksIn(page, "main tbody a")) if (link.startsWith("#/source/")) items.add(link);
      }
      const kinds = new Set([...items].map((href) => href.replace(/\?.*/, "").split("/")[1]));
      for (const kind of ["app", "event-type", "source", "operational-webhook"]) expect([...kinds]).toContain(kind);
      changes.length = 0;
      const clicked = new Set<string>();
      for (const href of [...pages, ...items]) {
        await show(page, href);
        for (const name of await clickAll(page)) clicked.add(name);
        expect([href, await page.locator("main form button[type=submit]:visible").count()]).toEqual([href, 0]);
        expect([href, changes]).toEqual([href, []]);
      }
      for (const name of ["Disable", "Enable", "Resend", "Redrive", "Drop", "Revoke", "Delete", "Save"]) {
        expect([...clicked].filter((label) => label.startsWith(name))).toEqual([]);
      }
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the address of a form shows a read-only token that its session may not use it",
    async () => {
      await using opened = await open(await tokenWith({ readOnly: true }));
      for (const path of ["send", "app/new", "endpoint/new", "event-type/new", "source/new"]) {
        await show(opened.page, `#/${path}`);
        await opened.page.getByText("Your session may not use this page").waitFor();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a token with scopes sees only the pages of its scopes in the navigation and in the search",
    async () => {
      await using opened = await open(await tokenWith({ scopes: ["event-type:Read", "event-type:Write"] }));
      const { page } = opened;
      const pages = (await linksIn(page, "nav[aria-label=Main] a")).filter((href) => href.startsWith("#/"));
      expect(pages).toContain("#/event-type");
      for (const hidden of ["#/token", "#/source", "#/audit-log", "#/dead-letter"]) expect(pages).not.toContain(hidden);
      await show(page, "#/event-type/invoice.paid");
      await page.getByRole("button", { name: "Save settings" }).waitFor();
      await show(page, "#/token");
      await page.getByText("Your session may not use this page").waitFor();
    },
    TIMEOUT_MS,
  );
});
