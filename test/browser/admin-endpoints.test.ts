import { beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";

/** The pages of one endpoint, and of the endpoints of all customers. */

const TOKEN = "root-token-of-the-test-of-endpoint-pages";
const env = { BOATHOOK_ROOT_TOKEN: TOKEN };

describeInBrowser("pages of endpoints", { env, args: ["--allow-subnets", "127.0.0.1/32"] }, (group) => {
  beforeAll(async () => {
    for (const name of ["invoice.paid", "invoice.overdue"])
      await call("POST", "/event-type", { name, description: "" });
  }, TIMEOUT_MS);

  const call = callerOf(group, TOKEN);

  const newCustomer = (uid: string, name: string) => call("POST", "/app", { uid, name });
  const inbox = (name: string) => `${group.server.url}/inbox/inbox-of-${name}`;
  const newEndpoint = async (app: string, settings: object = {}): Promise<string> =>
    (await call("POST", `/app/${app}/endpoint`, { url: inbox(app), ...settings })).id;
  // A response 422 is an error of the console; these tests expect some.
  const open = (hash: string) => openAdminPage(group, TOKEN, hash, { ignored: "422" });
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const card = (page: Page, name: string) => page.getByRole("region", { name });

  /** Expects that the page fits the narrowest screens. */
  async function expectNoOverflow(page: Page): Promise<void> {
    await page.setViewportSize({ width: 320, height: 640 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  test(
    "an endpoint is created by clicking from the empty list, with problems shown at their fields",
    async () => {
      await newCustomer("acme", "Acme Books");
      await using opened = await open("#/endpoint");
      const { page } = opened;
      await page.getByRole("heading", { name: "No endpoints yet" }).waitFor();
      await page.locator("main").getByRole("link", { name: "New endpoint" }).first().click();
      await page.getByRole("link", { name: "Acme Books" }).click();

      await button(page, "Add endpoint").click();
      const url = page.getByLabel("URL");
      await page.getByText("URL must be an address such as https://example.com/webhooks.").waitFor();
      expect(await url.evaluate((field) => field === document.activeElement)).toBe(true);
      await url.fill(inbox("acme"));
      await page.getByText("More options").click();
      await page.getByLabel("Retry schedule").fill("5s, soon");
      await page.getByLabel("Custom headers").fill("X-Tier: gold");
      await button(page, "Add endpoint").click();
      await page.getByText(/^Item 2: /).waitFor();
      const schedule = page.getByLabel("Retry schedule");
      expect(await schedule.evaluate((field) => field === document.activeElement)).toBe(true);
      await schedule.fill("5s, 5m");
      await page.getByText("Retries after 5 s and 5 min, in all 5 min 5 s: 3 attempts.").waitFor();
      await expectNoOverflow(page);
      await button(page, "Add endpoint").click();

      await page.getByRole("heading", { name: "Endpoint added" }).waitFor();
      const [endpoint] = (await call("GET", "/app/acme/endpoint")).data;
      const { key } = await call("GET", `/app/acme/endpoint/${endpoint.id}/secret`);
      await page.getByText(key, { exact: true }).waitFor();
      expect(endpoint).toMatchObject({ url: inbox("acme"), retrySchedule: ["5s", "5m"], eventTypes: null });
      expect((await call("GET", `/app/acme/endpoint/${endpoint.id}/headers`)).headers).toEqual({ "X-Tier": "gold" });
      await page.getByRole("link", { name: "Go to endpoint" }).click();
      await page.getByRole("heading", { level: 1, name: inbox("acme") }).waitFor();
      await page.getByText("No attempts yet").waitFor();
      await expectNoOverflow(page);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a function is created with code and a secret, and a problem of the code shows its place",
    async () => {
      await newCustomer("functions", "Functions Ltd");
      await using opened = await open("#/app/functions/endpoint/new");
      const { page } = opened;
      await page.getByLabel("URL").fill("function:");
      const code = page.getByLabel("Code of the function");
      await code.fill("async function handler(event, ctx) {\n  let a = ;\n}\n");
      await page.getByLabel("Secrets of the function").fill('{"TOKEN": "very-secret"}');
      await button(page, "Add endpoint").click();
      await button(page, "Go to line 2").waitFor();
      await expectNoOverflow(page);
      await code.fill("async function handler(event, ctx) {\n  return event.id;\n}\n");
      await button(page, "Add endpoint").click();
      const stored = await until(
        async () => (await call("GET", "/app/functions/endpoint")).data as { url: string; function: object }[],
        (endpoints) => endpoints.length > 0,
      );
      expect(stored[0]).toMatchObject({ url: "function:", function: { secrets: { TOKEN: "[set]" } } });
    },
    TIMEOUT_MS,
  );

  test(
    "every kind of setting is changed, and only what was changed is sent",
    async () => {
      await newCustomer("settings", "Settings & Co");
      const id = await newEndpoint("settings", { description: "Books", channels: ["eu"] });
      const path = `/app/settings/endpoint/${id}`;
      await using opened = await open(`#/app/settings/endpoint/${id}?tab=settings`);
      const { page } = opened;
      await page.getByLabel("Description").fill("The books");
      // A change by someone else meanwhile must stay.
      await call("PATCH", path, { throttleRate: 7 });
      await page.getByLabel("Only selected ones").check();
      await page.getByLabel("invoice.paid").check();
      await page.getByLabel("Channels").fill("eu, us");
      await page.getByLabel("Maximum attempts at the same time").fill("3");
      await page.getByLabel("Order of messages").selectOption("fifo");
      await page.getByLabel("Timeout of an attempt in ms").fill("2500");
      await page.getByLabel("Retry schedule").fill("none");
      await page.getByLabel("UID").fill("books");
      await page.getByLabel("Metadata").fill('{"plan": "pro"}');
      await button(page, "Save").click();
      await page.getByText("Saved.").waitFor();
      const stored = await call("GET", path);
      expect(stored).toMatchObject({
        ...{ description: "The books", eventTypes: ["invoice.paid"], channels: ["eu", "us"], throttleRate: 7 },
        ...{ concurrency: 3, ordering: "fifo", timeoutMs: 2500, retrySchedule: [], uid: "books" },
        metadata: { plan: "pro" },
      });

      await page.getByLabel("UID").fill("no spaces");
      await button(page, "Save").click();
      await page.getByText("Correct the marked fields.").waitFor();
      const uid = page.getByLabel("UID");
      expect(await uid.getAttribute("aria-invalid")).toBe("true");
      await page.getByLabel("Maximum attempts per second").fill("65536");
      await button(page, "Save").click();
      await page.getByText("Maximum attempts per second must be a whole number from 1 to 65535.").waitFor();
      await expectNoOverflow(page);

      await card(page, "Custom headers").getByLabel("Name").fill("Authorization");
      await card(page, "Custom headers").getByLabel("Value").fill("Bearer 123");
      await button(page, "Add header").click();
      await page.getByText("value hidden").waitFor();
      expect((await call("GET", `${path}/headers`)).sensitive).toEqual(["Authorization"]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "an endpoint is paused, resumed, disabled with the reason shown, and deleted after a question",
    async () => {
      await newCustomer("states", "States Inc.");
      const id = await newEndpoint("states");
      await using opened = await open(`#/app/states/endpoint/${id}`);
      const { page } = opened;
      await button(page, "Pause").click();
      await page.getByText("This endpoint is paused.").waitFor();
      await button(page, "Resume").click();
      await button(page, "Pause").waitFor();
      await button(page, "Disable").click();
      await page.getByText(/This endpoint is disabled\..*by a request/).waitFor();
      await page.getByText("Enable the endpoint to send to it.").first().waitFor();
      await button(page, "Enable").click();
      await page.getByText("healthy", { exact: true }).waitFor();

      await page.getByRole("link", { name: "Settings" }).click();
      await button(page, "Delete endpoint").click();
      await card(page, "Delete endpoint")
        .getByText(/Delete 1 endpoint, .*with 0 waiting and 0 dead letters/)
        .waitFor();
      await button(page, "Delete").click();
      await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
      expect((await call("GET", "/app/states/endpoint")).data).toEqual([]);
      // A live event may make the page read the endpoint once more before it leaves.
      expect(opened.errors.filter((error) => !error.includes("status of 404"))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a range of messages is sent again after a preview of their number",
    async () => {
      await newCustomer("ranges", "Ranges");
      for (let sent = 0; sent < 3; sent++) {
        await call("POST", "/app/ranges/msg", { eventType: "invoice.paid", payload: { sent } });
      }
      const id = await newEndpoint("ranges");
      await using opened = await open(`#/app/ranges/endpoint/${id}`);
      const { page } = opened;
      await button(page, "Count messages").click();
      await page.getByText("No messages to send.").waitFor();
      await page.getByLabel("Messages", { exact: true }).selectOption("replay-missing");
      await button(page, "Count messages").click();
      await button(page, "Send 3 messages").click();
      await page.getByText(`Send 3 messages to ${inbox("ranges")}?`).waitFor();
      await expectNoOverflow(page);
      await button(page, "Send messages").click();
      await page.getByText("Started.").waitFor();
      const { id: task } = (await call("GET", "/background-task?task=endpoint.replay")).data[0];
      await page.getByRole("link", { name: "Follow its progress" }).click();
      await page.getByText("finished").waitFor();
      expect(new URL(page.url()).hash).toBe(`#/task/${task}`);
      await page.goBack();
      await page.getByRole("link", { name: "Attempts", exact: true }).click();
      await page.getByRole("table", { name: "Attempts" }).getByText("200").nth(2).waitFor();
      expect((await call("GET", "/inbox/inbox-of-ranges")).data).toHaveLength(3);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the secret is shown on demand and replaced by an own one",
    async () => {
      await newCustomer("secrets", "Secrets AG");
      const id = await newEndpoint("secrets");
      const path = `/app/secrets/endpoint/${id}/secret`;
      const { key: before } = await call("GET", path);
      await using opened = await open(`#/app/secrets/endpoint/${id}?tab=settings`);
      const { page } = opened;
      await button(page, "Reveal").click();
      await page.getByText(before, { exact: true }).waitFor();
      await button(page, "Rotate secret").click();
      await page.getByLabel("New secret (optional)").fill("too short");
      await button(page, "Rotate").click();
      await page.getByText(/^Must be whsec_/).waitFor();
      const own = `whsec_${btoa("x".repeat(32))}`;
      await page.getByLabel("New secret (optional)").fill(own);
      await button(page, "Rotate").click();
      await page.getByText("The secret has been rotated.").waitFor();
      await page.getByText(/Webhooks are also signed with the previous secret until/).waitFor();
      await page.getByText(own, { exact: true }).waitFor();
      expect(await call("GET", path)).toEqual({ key: own });
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a test event of a type without an example arrives with the payload as it was written",
    async () => {
      await newCustomer("tests", "Tests Ltd");
      const id = await newEndpoint("tests");
      await using opened = await open(`#/app/tests/endpoint/${id}`);
      const { page } = opened;
      await page.getByLabel("Event type").fill("invoice.paid");
      await page.getByLabel("Payload").fill('{"big": 12345678901234567890, "price": 1.0}');
      await button(page, "Send test event").click();
      await page.getByText("Sent.").waitFor();
      await card(page, "Last response").getByText("200").waitFor();
      const received = (await call("GET", "/inbox/inbox-of-tests")).data;
      expect(received.map((one: { body: string }) => one.body)).toEqual([
        '{"big": 12345678901234567890, "price": 1.0}',
      ]);

      await page.getByRole("link", { name: "Attempts", exact: true }).click();
      await page.getByRole("table", { name: "Attempts" }).getByText("200").waitFor();
      await page.getByLabel("Result").selectOption("failed");
      await page.getByText("No such attempt").waitFor();
      await expectNoOverflow(page);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the list and the page say why an endpoint fails, also while it is paused, and the list is filtered by it",
    async () => {
      await newCustomer("causes", "Causes Ltd");
      const broken = await newEndpoint("causes", { url: `${inbox("broken")}?status=500` });
      const missing = await newEndpoint("causes", { url: `${inbox("missing")}?status=404` });
      const off = await newEndpoint("causes", { url: inbox("off"), disabled: true });
      await call("POST", "/app/causes/msg", { eventType: "invoice.paid", payload: {} });
      const failing = () => call("GET", "/endpoint?app_id=causes&reason=status_4xx&reason=status_5xx");
      await until(failing, ({ data }) => data.length === 2);
      await call("PATCH", `/app/causes/endpoint/${missing}`, { paused: true });

      await using opened = await open("#/endpoint?app_id=causes");
      const { page } = opened;
      const row = (url: string) => page.getByRole("row").filter({ hasText: url });
      await row("broken").getByText("latest failure: server error (5xx)").waitFor();
      await row("missing").getByText("paused", { exact: true }).waitFor();
      await row("missing").getByText("failing", { exact: true }).waitFor();
      await row("missing").getByText("latest failure: client error (4xx)").waitFor();
      await row("off").getByText("by a request").waitFor();
      await page.getByLabel("Latest failure").selectOption("status_4xx");
      await row("broken").waitFor({ state: "detached" });
      await row("missing").waitFor();
      expect(await row("off").count()).toBe(0);
      await page.getByLabel("Latest failure").selectOption("");
      await page.getByLabel("Disabled").selectOption("manual");
      await row("missing").waitFor({ state: "detached" });
      await row("off").waitFor();
      expect(await row("broken").count()).toBe(0);
      await expectNoOverflow(page);

      await page.goto(`${group.server.url}/ui/#/app/causes/endpoint/${broken}`);
      await page.getByText("The latest failure: server error (5xx).").waitFor();
      await page.goto(`${group.server.url}/ui/#/app/causes/endpoint/${missing}`);
      await page.getByText("This endpoint is paused.").waitFor();
      await page.getByText("The latest failure: client error (4xx).").waitFor();
      await page.goto(`${group.server.url}/ui/#/app/causes/endpoint/${off}`);
      await page.getByText("This endpoint is disabled.").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
