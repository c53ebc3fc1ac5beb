import { afterAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { SCOPE_RESOURCES, scopeOf } from "../../web/admin/tokens/scopes.ts";
import { describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { startReceiver } from "../support/receiver.ts";

/** The pages of event types and of the installation. */

const TOKEN = "root-token-of-the-test-of-installation-1";
/** A chat that takes the first notice and no other. */
const chat = startReceiver(() => new Response(null, { status: chat.received.length === 1 ? 200 : 404 }));
afterAll(() => chat[Symbol.asyncDispose]());
const env = {
  BOATHOOK_ROOT_TOKEN: TOKEN,
  BOATHOOK_ALLOW_SUBNETS: "127.0.0.0/8",
  BOATHOOK_NOTIFY_SLACK: `${chat.url}/secret`,
};

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describeInBrowser("pages of event types and of the installation", { env }, (group) => {
  const open = (hash: string) => openAdminPage(group, TOKEN, hash);

  /** Creates a record over the API. */
  async function made<T>(path: string, body: object): Promise<T> {
    const headers = { ...bearer(TOKEN).headers, "content-type": "application/json" };
    const response = await fetch(group.server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Expects that the page fits the narrowest screens. */
  async function expectNoOverflow(page: Page): Promise<void> {
    await page.setViewportSize({ width: 320, height: 640 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  test(
    "an event type is created with a schema that is checked while typing, found, archived and deleted",
    async () => {
      await using opened = await open("#/event-type/new");
      const { page } = opened;
      await page.getByLabel("Name", { exact: true }).fill("invoice.paid");
      await page.getByLabel("Description").fill("An invoice is paid");
      await page.getByLabel("JSON Schema").fill('{"type":"object","properties":{"price":{"type":"number"}}}');
      await page.getByLabel("Example to check").fill('{"price":"high"}');
      await page.getByText(/price: .*number/).waitFor();
      await page.getByLabel("Example to check").fill('{"price":1.5}');
      await page.getByText("The example is valid.").waitFor();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Create event type" }).click();

      await page.getByRole("heading", { level: 1, name: "invoice.paid" }).waitFor();
      await page.getByRole("heading", { name: "Example" }).waitFor();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Archive" }).click();
      await page.getByRole("button", { name: "Archive event type" }).click();
      await page.getByRole("button", { name: "Restore" }).waitFor();

      await page.goto(`${group.server.url}/ui/#/event-type`);
      await page.getByLabel("Archived").selectOption("no");
      await page.getByText("No event type matches").waitFor();
      await page.getByLabel("Archived").selectOption("yes");
      await page.getByRole("link", { name: "invoice.paid" }).waitFor();
      await expectNoOverflow(page);
      await page.getByRole("link", { name: "invoice.paid" }).click();
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Delete event type" }).click();
      await page.getByText("No event types yet").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "event types are imported from an OpenAPI document after a preview",
    async () => {
      await using opened = await open("#/event-types-from-openapi");
      const { page } = opened;
      const schema = { type: "object", properties: { id: { type: "string" } } };
      const post = { description: "A user", requestBody: { content: { "application/json": { schema } } } };
      const spec = { openapi: "3.1.0", info: { title: "x", version: "1" }, webhooks: { "user.made": { post } } };
      await page.getByRole("textbox", { name: "OpenAPI document" }).fill(JSON.stringify(spec));
      await page.getByRole("button", { name: "Preview changes" }).click();
      await page.getByText("created", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Apply 1 change" }).click();
      await page.getByText("The event types are imported.").waitFor();
      await expectNoOverflow(page);
      await page.getByRole("link", { name: "user.made" }).click();
      await page.getByRole("heading", { level: 1, name: "user.made" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a token is created with scopes, a customer and an expiry, shown once, found, and revoked after a question",
    async () => {
      const customer = await made<{ id: string }>("/api/v1/app", { name: "Token Customer" });
      await using opened = await open("#/token");
      const { page } = opened;
      await page.getByLabel("Name", { exact: true }).fill("billing service");
      await page.getByLabel("May do").selectOption("some");
      await page.getByRole("checkbox", { name: "Write Messages" }).check();
      await page.getByRole("checkbox", { name: "Read Endpoints" }).check();
      await expectNoOverflow(page);
      await page.getByLabel("Expires").selectOption({ label: "in 7 days" });
      await page.getByRole("button", { name: "Create token" }).click();
      await page.getByText("It is not shown again.").waitFor();
      const text = ((await page.locator("pre").textContent()) ?? "").trim();
      const table = page.getByRole("table", { name: "Tokens" });
      const row = table.getByRole("row").filter({ hasText: "billing service" });
      await row.getByText("endpoint:Read, message:Write").waitFor();
      await row.getByText(/^expires/).waitFor();
      await row.getByText("not yet").waitFor();
      await expectNoOverflow(page);

      const endpoints = await fetch(`${group.server.url}/api/v1/endpoint`, bearer(text));
      expect(endpoints.status).toBe(200);
      await page.getByLabel("Name contains").fill("nothing like it");
      await page.getByText("No token matches").waitFor();
      expect(await page.locator("pre").textContent()).toContain(text);
      await page.getByLabel("Name contains").fill("BILLING");
      await row.waitFor();
      expect(await row.getByText("not yet").count()).toBe(0);

      await row.getByRole("button", { name: "Revoke" }).click();
      await row.getByRole("button", { name: "Revoke token" }).click();
      await page.getByText("No token matches").waitFor();
      await page.getByLabel("State").selectOption("revoked");
      await row.getByText("revoked", { exact: true }).waitFor();
      expect(await row.getByRole("button").count()).toBe(0);

      await page.getByLabel("Name", { exact: true }).fill("of a customer");
      await page.getByLabel("Customer (optional)").click();
      await page.keyboard.type("Token Cust");
      await page.getByRole("option", { name: /Token Customer/ }).click();
      await page.getByRole("button", { name: "Create token" }).click();
      await page.getByText("It is not shown again.").waitFor();
      await page.goto(`${group.server.url}/ui/#/token?app_id=${customer.id}`);
      await table.getByText("of a customer").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test("the form of a token offers every resource that a scope can name", async () => {
    const scopes = SCOPE_RESOURCES.map((resource) => scopeOf(resource, "Read"));
    const { url } = group.server;
    const create = (sent: object) =>
      fetch(`${url}/api/v1/management/authentication/default/api-token`, {
        method: "POST",
        headers: { ...bearer(TOKEN).headers, "content-type": "application/json" },
        body: JSON.stringify({ name: "all", ...sent }),
      });
    expect((await create({ scopes })).status).toBe(200);
    const { detail } = (await (await create({ scopes: ["nothing:Read"] })).json()) as { detail: { msg: string }[] };
    const names = /Resources: (.*?)\. /.exec(detail[0]!.msg)![1]!.split(", ");
    expect(SCOPE_RESOURCES.map(({ name }) => name).sort()).toEqual(names);
  });

  test(
    "the audit log tells who did what to which records by their names, and is filtered",
    async () => {
      const customer = await made<{ id: string }>("/api/v1/app", { name: "Audited Customer" });
      const url = `https://example.com/${"long/".repeat(100)}`;
      const endpoint = await made<{ id: string }>(`/api/v1/app/${customer.id}/endpoint`, { url });
      const { token } = await made<{ token: string }>("/api/v1/management/authentication/default/api-token", {
        name: "the deployer",
      });
      const rotated = await fetch(
        `${group.server.url}/api/v1/app/${customer.id}/endpoint/${endpoint.id}/secret/rotate`,
        { method: "POST", ...bearer(token) },
      );
      expect(rotated.status).toBe(204);

      await using opened = await open("#/audit-log");
      const { page } = opened;
      const log = page.getByRole("table", { name: "Audit log" });
      const [rotation, creation] = [/replaced the secret/, /created the endpoint/].map((text) =>
        log.getByRole("row").filter({ hasText: text }).first(),
      );
      await rotation!.waitFor();
      expect(await rotation!.textContent()).toContain(
        `the deployer (token) replaced the secret of the endpoint ${url} of Audited Customer`,
      );
      expect(await creation!.textContent()).toContain("root token created the endpoint");
      expect(await rotation!.getByRole("link", { name: "Audited Customer" }).getAttribute("href")).toBe(
        `#/app/${customer.id}`,
      );
      await expectNoOverflow(page);

      await rotation!.getByRole("link", { name: "the deployer" }).click();
      await creation!.waitFor({ state: "detached" });
      await rotation!.waitFor();
      await page.getByRole("link", { name: "Clear filter" }).click();
      await creation!.waitFor();
      await page.getByLabel("What").selectOption({ label: "tokens" });
      await log
        .getByText(/created the token/)
        .first()
        .waitFor();
      await creation!.waitFor({ state: "detached" });
      await page.getByLabel("Contains").fill("nothing has this");
      await page.getByText("No change matches").waitFor();
      expect(page.url()).toContain("action=token&text=nothing+has+this");
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the system page shows the store and where each setting comes from",
    async () => {
      await using opened = await open("#/system");
      const { page } = opened;
      const row = page.getByRole("row").filter({ hasText: "root-token" }).first();
      await row.getByText("variable").waitFor();
      expect(await page.locator("main").textContent()).not.toContain(TOKEN);
      await expectNoOverflow(page);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the system page sends a test notice and shows why a channel did not take it",
    async () => {
      await using opened = await open("#/system");
      const { page } = opened;
      const button = page.getByRole("button", { name: "Send a test notice" });
      await button.click();
      await page.getByText("Sent.").waitFor();
      await button.click();
      await page.getByText("Slack: The webhook responded with status 404.").waitFor();
      await expectNoOverflow(page);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "an environment is paused after a question and resumed",
    async () => {
      await using opened = await open("#/environment");
      const { page } = opened;
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Pause environment" }).click();
      await page.getByText("paused", { exact: true }).waitFor();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByText("delivering", { exact: true }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "an operational webhook with a long URL is added, tested, changed, disabled, its secret is rotated, and it is deleted",
    async () => {
      await using opened = await open("#/operational-webhook");
      const { page } = opened;
      const url = `${group.server.url}/inbox/our-alerts?${"y".repeat(600)}`;
      await page.getByLabel("URL", { exact: true }).fill("nowhere");
      await page.getByRole("button", { name: "Add endpoint" }).click();
      await page.getByText("URL must be an address such as https://example.com/webhooks.").waitFor();
      await page.getByLabel("URL", { exact: true }).fill(url);
      await page.getByRole("button", { name: "Add endpoint" }).click();
      await page.getByRole("link", { name: url }).waitFor();
      await expectNoOverflow(page);
      await page.getByRole("link", { name: url }).click();

      await page.getByRole("button", { name: "Send test event" }).click();
      await page
        .getByRole("table", { name: "Attempts" })
        .getByText(/^20\d$/)
        .waitFor();
      await page.getByRole("button", { name: "Reveal" }).click();
      const secret = page.getByText(/^whsec_/);
      await secret.waitFor();
      const before = await secret.textContent();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Rotate secret" }).click();
      await page.getByRole("button", { name: "Rotate", exact: true }).click();
      await page.getByText("The secret has been rotated.").waitFor();
      await page.getByText(/also signed with the previous secret/).waitFor();
      expect(await secret.textContent()).not.toBe(before);

      await page.getByLabel("Description").fill("Our pager");
      await page.getByLabel("Only selected ones").check();
      await page.getByRole("checkbox", { name: /endpoint.disabled/ }).check();
      await page.getByText("More options").click();
      await page.getByLabel("Maximum attempts per second").fill("7");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved.").waitFor();
      await page.getByRole("button", { name: "Disable" }).click();
      await page.getByText("disabled", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: "Send test event" }).isDisabled()).toBe(true);
      await page.getByRole("button", { name: "Enable" }).click();
      await page.getByText("healthy", { exact: true }).waitFor();
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Operational webhooks" }).click();
      const row = page.getByRole("row").filter({ hasText: "Our pager" });
      await row.getByText("endpoint.disabled", { exact: true }).waitFor();
      await row.getByRole("link").click();
      await expectNoOverflow(page);
      expect(await page.getByLabel("Maximum attempts per second").inputValue()).toBe("7");

      await page.getByRole("button", { name: "Delete endpoint" }).click();
      await page.getByText(/Delete 1 operational webhook.*with 0 waiting/).waitFor();
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await page.getByText("No operational webhooks yet").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
