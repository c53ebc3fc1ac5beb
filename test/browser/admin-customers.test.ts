import { beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import {
  callerOf,
  describeInBrowser,
  openAdminPage,
  BROWSER_TIMEOUT_MS as TIMEOUT_MS,
  watch,
} from "../support/browser.ts";
import { clientOf, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { ROOT_TOKEN } from "../support/server.ts";

const HEIGHT = 800;
const args = ["--allow-subnets=127.0.0.0/8", "--retry-schedule=1s,1s,1s", "--endpoint-disable-after=1s"];
const env = { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN };

describeInBrowser("pages of customers", { args, env }, (group) => {
  let send: Send;
  beforeAll(() => {
    send = clientOf(group.server.url);
  });

  const call = callerOf(group, ROOT_TOKEN);

  const open = (hash: string, ignored?: string) => openAdminPage(group, ROOT_TOKEN, hash, { ignored, height: HEIGHT });

  const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const inbox = (name: string, query = "") => `${group.server.url}/inbox/${name}${query}`;

  /** Expects that the page fits the narrowest screens. */
  async function expectNoOverflow(page: Page): Promise<void> {
    await page.setViewportSize({ width: 320, height: 640 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: HEIGHT });
  }

  test(
    "a customer is created from the empty list, edited, and deleted with the number of what goes with it",
    async () => {
      await using opened = await open("#/app", "status of 4");
      const { page } = opened;
      await page.getByText("No customers yet").waitFor();
      await page.getByRole("link", { name: "Create a customer" }).click();
      await heading(page, "New customer");
      await page.getByRole("button", { name: "Create customer" }).click();
      await page.getByText("Enter a name.").waitFor();
      await page.getByLabel("Name", { exact: true }).fill("<b>First</b>");
      await page.getByLabel("UID").fill("not a uid");
      await page.getByLabel("Attempts per second").fill("many");
      await page.getByRole("button", { name: "Add metadata" }).click();
      await page.getByLabel("Value 1").fill("pro");
      await page.getByRole("button", { name: "Create customer" }).click();
      await page.getByText("Each value needs a name.").waitFor();
      await page.getByLabel("Name 1").fill("plan");
      await page.getByRole("button", { name: "Create customer" }).click();
      await page.locator("[aria-invalid=true]").nth(1).waitFor();
      await expectNoOverflow(page);
      await page.getByLabel("UID").fill("first");
      await page.getByLabel("Attempts per second").fill("7");
      await page.getByRole("button", { name: "Create customer" }).click();

      await heading(page, "<b>First</b>");
      await page.getByText("The customer has no endpoint").waitFor();
      await page.getByText("at most 7").waitFor();
      await expectNoOverflow(page);
      expect(await call("GET", "/app/first")).toMatchObject({ metadata: { plan: "pro" }, rateLimit: 7 });
      await call("POST", "/app", { name: "Other", uid: "other" });

      await page.getByRole("link", { name: "Settings" }).click();
      await page.getByLabel("UID").fill("other");
      await page.getByRole("button", { name: "Save settings" }).click();
      await page.locator("input[aria-invalid=true]").waitFor();
      await page.getByLabel("UID").fill("");
      await page.getByLabel("Name", { exact: true }).fill("Renamed");
      await page.getByRole("button", { name: "Save settings" }).click();
      await heading(page, "Renamed");
      await page.getByText("Saved.").waitFor();
      await page.getByLabel("UID").fill("first");
      await page.getByRole("button", { name: "Save settings" }).click();
      await page.getByText("Saved.").waitFor();
      await until(
        () => call("GET", "/app/first"),
        ({ name }) => name === "Renamed",
      );

      await call("POST", "/app/first/endpoint", { url: inbox("first-inbox"), paused: true });
      await call("POST", "/app/first/msg", { eventType: "a", payload: {} });
      await page.getByRole("button", { name: "Delete customer" }).click();
      const question = "1 endpoint will be deleted and 1 pending delivery cancelled. 1 message and 0 dead letters can";
      await page.getByText(question).waitFor();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Delete customer and its data" }).click();
      await heading(page, "Customers");
      await page.getByRole("link", { name: "Other" }).waitFor();
      expect(await page.getByRole("link", { name: "Renamed" }).count()).toBe(0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "why a customer gets nothing is found from the overview in two clicks, without scrolling",
    async () => {
      await call("POST", "/app", { name: "Acme", uid: "acme" });
      await call("POST", "/app/acme/endpoint", { uid: "books", url: inbox("acme-books", "?status=503") });
      // A failure more than a second after the first disables the endpoint.
      await call("POST", "/app/acme/msg", { eventType: "invoice.paid", payload: {} });
      await until(
        () => call("GET", "/app/acme/endpoint/books"),
        ({ disabled }) => disabled === true,
      );
      await call("POST", "/app/acme/msg", { eventType: "invoice.paid", payload: {} });

      await using opened = await open("");
      const { page } = opened;
      const click = (name: string) => page.getByRole("link", { name, exact: true }).first().click();
      await page.getByRole("navigation", { name: "Main" }).waitFor();
      await click("Customers");
      await heading(page, "Customers");
      await click("Acme");
      await heading(page, "Acme");
      const wrong = page.getByRole("region", { name: "What is wrong" });
      await wrong.getByText("has been disabled since").waitFor();
      const text = await wrong.textContent();
      expect(text).toContain("because every attempt failed for too long: it gets no new messages");
      expect(text).toContain("status 503");
      expect(text).toContain("1 message of the latest 2 went to no endpoint");
      expect(text).toContain("1 endpoint is disabled");
      expect(text).toMatch(/\d dead letters?: /);
      const { y, height } = (await wrong.boundingBox())!;
      expect(y + height).toBeLessThan(HEIGHT);
      await expectNoOverflow(page);
      // The endpoint's own page has the attempts and the button that enables it again.
      await click(inbox("acme-books", "?status=503"));
      await page.getByRole("button", { name: "Enable" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the page says that no endpoint subscribes to the type, and that the customer has no messages",
    async () => {
      await call("POST", "/event-type", { name: "order.made", description: "" });
      await call("POST", "/app", { name: "Picky", uid: "picky" });
      await call("POST", "/app/picky/endpoint", { url: inbox("picky-inbox"), eventTypes: ["order.made"] });
      await using opened = await open("#/app/picky");
      const { page } = opened;
      const wrong = page.getByRole("region", { name: "What is wrong" });
      await wrong.getByText("No message is stored for this customer").waitFor();
      await call("POST", "/app/picky/msg", { eventType: "order.lost", payload: {} });
      await wrong.getByText("1 endpoint does not subscribe to the type order.lost").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "an operator sets the quota of a customer, and the overview shows what is used of it",
    async () => {
      await call("POST", "/app", { name: "Limited", uid: "limited" });
      await call("POST", "/app/limited/msg", { eventType: "a", payload: {} });
      await using opened = await open("#/app/limited?tab=settings", "status of 4");
      const { page } = opened;
      await page.getByLabel("Endpoints at most").fill("many");
      await page.getByLabel("Stored payloads at most").fill("10 GB");
      const save = () => page.getByRole("button", { name: "Save settings" }).click();
      await save();
      await page.locator("input[aria-invalid=true]").nth(1).waitFor();
      expect(await page.locator("input[aria-invalid=true]").count()).toBe(2);
      await expectNoOverflow(page);
      await page.getByLabel("Endpoints at most").fill("1");
      await page.getByLabel("Messages per day at most").fill("1500");
      await page.getByLabel("Stored payloads at most").fill("1.5 kib");
      await save();
      await page.getByText("Saved.").waitFor();
      const quota = { endpoints: 1, messagesPerDay: 1500, storedBytes: 1536 };
      expect((await call("GET", "/app/limited")).quota).toEqual(quota);
      expect(await page.getByLabel("Stored payloads at most").inputValue()).toBe("1536");

      await call("POST", "/app/limited/endpoint", { url: inbox("limited-inbox") });
      await page.getByRole("link", { name: "Overview", exact: true }).last().click();
      const shown = page.getByRole("region", { name: "Quota" });
      await shown.getByText("1 of 1,500").waitFor();
      await shown.locator(".bad").getByText("1 of 1", { exact: true }).waitFor();
      await shown.getByText("2 B of 1.5 KiB").waitFor();
      await expectNoOverflow(page);
      // The numbers follow what happens.
      await call("POST", "/app/limited/msg", { eventType: "a", payload: {} });
      await shown.getByText("2 of 1,500").waitFor();
      await call("PATCH", "/app/limited", { quota: null });
      await page.reload();
      await heading(page, "Limited");
      await page.getByRole("heading", { name: "Identity" }).waitFor();
      expect(await shown.count()).toBe(0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "each part of a customer has its address, shows the customer's own data and fits a narrow screen",
    async () => {
      const long = "y".repeat(600);
      await call("POST", "/app", { name: `Long ${"x".repeat(150)}`, uid: "long" });
      await call("POST", "/app/long/endpoint", { uid: "e", url: inbox("long-inbox", `?status=410&${long}`) });
      await call("POST", "/app/long/msg", { eventType: `type.${"z".repeat(150)}`, payload: {} });
      await until(
        () => call("GET", "/app/long/endpoint/e"),
        ({ disabled }) => disabled === true,
      );
      await using opened = await open("#/app/long");
      const { page } = opened;
      const parts = [
        ["Endpoints", "because it responded with 410 Gone"],
        ["Messages", /^type\.z+$/],
        ["Dead letters", "endpoint gone (410)"],
        ["Portal and tokens", "No tokens"],
        ["Settings", "Save settings"],
        ["Overview", "What is wrong"],
      ] as const;
      for (const [link, sign] of parts) {
        const tabs = page.getByRole("navigation", { name: "Parts of the customer" });
        await tabs.getByRole("link", { name: link, exact: true }).click();
        await page.getByText(sign).first().waitFor();
        await expectNoOverflow(page);
      }
      await page.goto(`${group.server.url}/ui/#/app/long?tab=dead-letters`);
      await page.getByRole("table", { name: "Groups of dead letters" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a portal link is created with chosen rights, shown once and revoked",
    async () => {
      const { id } = await call("POST", "/app", { name: "Linked", uid: "linked" });
      await using opened = await open(`#/app/${id}?tab=access`);
      const { page } = opened;
      await page.getByLabel("The link allows").selectOption("some");
      await page.getByLabel("Resend messages and recover missed ones").check();
      await page.getByRole("button", { name: "Create a link" }).click();
      await page.getByText("They are not shown again.").waitFor();
      const token = (await page.getByText(/^bhk_[^*]+$/).textContent())!;
      const { operations } = (await send("GET", "/auth/whoami", undefined, { token })).json;
      expect(operations).toContain("v1.message-attempt.resend");
      expect(operations).not.toContain("v1.endpoint.create");
      await expectNoOverflow(page);

      const tokens = page.getByRole("table", { name: "Tokens" });
      await tokens.getByText("CreateAttempts").waitFor();
      await tokens.getByRole("button", { name: "Revoke" }).click();
      await tokens.getByRole("button", { name: "Revoke token" }).click();
      await page.getByText("No tokens").waitFor();
      expect((await send("GET", "/auth/whoami", undefined, { token })).status).toBe(401);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the portal opened as one customer refuses the addresses and tokens of another",
    async () => {
      const one = await call("POST", "/app", { name: "Customer One", uid: "one" });
      const two = await call("POST", "/app", { name: "Customer Two", uid: "two" });
      await call("POST", "/app/one/endpoint", { url: inbox("inbox-of-one") });
      const foreign = await call("POST", "/app/two/endpoint", { uid: "e2", url: inbox("inbox-of-two") });
      const message = await call("POST", "/app/two/msg", { eventType: "a", payload: { secret: "of two" } });
      await using opened = await open(`#/app/${one.id}?tab=access`);
      const { page, context } = opened;
      await page.getByLabel("The link allows").selectOption("read");
      const [portal] = await Promise.all([
        context.waitForEvent("page"),
        page.getByRole("button", { name: "Open the portal as this customer" }).click(),
      ]);
      const { errors } = watch(portal, group.server.url, "status of 4");
      await portal.getByRole("link", { name: inbox("inbox-of-one") }).waitFor();
      expect(await portal.evaluate(() => window.opener)).toBeNull();
      expect(await portal.getByRole("link", { name: "Add endpoint" }).count()).toBe(0);

      for (const address of [`/${foreign.id}`, `/${foreign.id}/settings`, `/${foreign.id}/messages/${message.id}`]) {
        await portal.evaluate((hash) => {
          location.hash = hash;
        }, `#/endpoints${address}`);
        await portal
          .getByRole("alert")
          .getByText(/not found/)
          .first()
          .waitFor();
        expect(await portal.locator("body").textContent()).not.toContain("of two");
      }

      // A link of the first customer with the token of the second, and the reverse.
      const { token } = await call("POST", "/auth/app-portal-access/two", {});
      const { token: ownToken } = await call("POST", "/auth/app-portal-access/one", {});
      for (const [appId, wrongToken] of [
        [one.id, token],
        [two.id, ownToken],
      ]) {
        const other = await context.newPage();
        await other.goto(`${group.server.url}/portal/#key=${btoa(JSON.stringify({ appId, token: wrongToken }))}`);
        await heading(other, "This link cannot be used here");
        await other.getByText("names another account than its token belongs to").waitFor();
        expect(await other.content()).not.toContain(wrongToken);
      }
      expect((await send("GET", `/app/${two.id}/endpoint`, undefined, { token: ownToken })).status).toBe(404);
      expect([opened.errors, errors]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );
});
