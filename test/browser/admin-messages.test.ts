import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { violationsOn } from "../support/axe.ts";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";

/** The pages that send and show one message. */

const TOKEN = "root-token-of-the-test-of-messages-12345";
const env = { BOATHOOK_ROOT_TOKEN: TOKEN };

describeInBrowser("pages of one message", { env, args: ["--allow-subnets", "127.0.0.1/32"] }, (group) => {
  /** `ignored` is a part of console errors that the test expects. */
  const open = (hash: string, ignored?: string) => openAdminPage(group, TOKEN, hash, { ignored });

  const call = callerOf(group, TOKEN);

  const inbox = (name: string) => `${group.server.url}/inbox/${name}`;

  /** Expects that the page fits the narrowest screens and has no accessibility violation. */
  async function expectUsable(page: Page): Promise<void> {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect([colorScheme, await violationsOn(page)]).toEqual([colorScheme, []]);
      await page.setViewportSize({ width: 320, height: 640 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(over).toBeLessThanOrEqual(0);
      expect([colorScheme, await violationsOn(page)]).toEqual([colorScheme, []]);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
  }

  test(
    "a message is written from an example that is checked while typing, and sent to the endpoints that were announced",
    async () => {
      const schema = {
        type: "object",
        properties: { total: { type: "number" }, paid: { type: "boolean" } },
        required: ["total"],
        examples: [{ total: 12.5, paid: true }],
      };
      await call("POST", "/event-type", { name: "bill.paid", description: "x", schemas: { "1": schema } });
      await call("POST", "/event-type", { name: "other.type", description: "x" });
      await call("POST", "/app", { name: "Acme Rockets", uid: "acme" });
      const { id } = await call("POST", "/app/acme/endpoint", { url: inbox("acme-inbox") });
      await call("POST", "/app/acme/endpoint", { url: inbox("other-inbox"), eventTypes: ["other.type"] });

      await using opened = await open("#/send");
      const { page } = opened;
      await page.getByLabel("Customer").fill("rockets");
      await page.getByRole("option", { name: /Acme Rockets/ }).click();
      await page.getByLabel("Event type").fill("bill");
      await page.getByRole("option", { name: /bill.paid/ }).click();
      const payload = page.getByLabel("Payload");
      await page.getByText("The payload fits the schema of the event type.").waitFor();
      expect(JSON.parse(await payload.inputValue())).toEqual({ total: 12.5, paid: true });

      const recipients = page.getByRole("region", { name: "Who will get it" });
      await recipients.getByText("1 endpoint", { exact: true }).waitFor();
      await recipients.getByText("It gets only other.type.").waitFor();
      expect(
        await recipients.getByRole("link", { name: inbox("acme-inbox"), exact: true }).getAttribute("href"),
      ).toContain(id);

      await payload.fill('{\n  "total": 12345678901234567890,\n  "paid": "yes"\n}');
      await page.getByRole("button", { name: /^line 3 paid/ }).click();
      const selected = () => {
        const area = document.activeElement as HTMLTextAreaElement;
        return area.value.slice(area.selectionStart, area.selectionEnd);
      };
      expect(await page.evaluate(selected)).toBe('"yes"');
      await expectUsable(page);
      await payload.fill('{\n  "total": 12345678901234567890,\n  "paid": true\n}');
      await page.getByText("The payload fits the schema of the event type.").waitFor();
      await page.getByText("Channels, tags, event ID").click();
      await page.getByLabel("Tags").fill("first, second");
      await page.getByLabel("Event ID").fill("bill-17");
      await page.getByRole("button", { name: "Send message" }).click();

      await page.getByRole("heading", { level: 1, name: "bill.paid" }).waitFor();
      await page.getByText('"total": 12345678901234567890').waitFor();
      await page.getByRole("region", { name: "Deliveries" }).getByText("delivered", { exact: true }).waitFor();
      const { data } = await call("GET", "/app/acme/msg");
      expect(data).toMatchObject([{ eventType: "bill.paid", tags: ["first", "second"], eventId: "bill-17" }]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a message that the server refuses stays as it was typed, with the problem at the field",
    async () => {
      await call("POST", "/app", { name: "Refused Ltd", uid: "refused" });
      await using opened = await open("#/send?app=refused&type=any.type", "status of 4");
      const { page } = opened;
      await page.waitForFunction(
        () => document.querySelector<HTMLInputElement>("main form input")?.value === "Refused Ltd",
      );
      await page.getByText("Add an endpoint").waitFor();
      await page.getByText("no such event type is registered").waitFor();
      await page.getByLabel("Payload").fill('{"kept":1.0}');
      await page.getByText("Channels, tags, event ID").click();
      await page.getByLabel("Tags").fill("bad!tag");
      await page.getByRole("button", { name: "Send message" }).click();
      await page.getByRole("alert").first().waitFor();
      expect(await page.getByLabel("Tags").getAttribute("aria-invalid")).toBe("true");
      expect(await page.getByLabel("Payload").inputValue()).toBe('{"kept":1.0}');
      await page.getByLabel("Tags").fill("good-tag");
      await page.getByRole("button", { name: "Send message" }).click();
      await page.getByRole("heading", { level: 1, name: "any.type" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a message shows why endpoints did not get it, and an attempt that opens stays open while the payload is read once",
    async () => {
      let status = 503;
      using receiver = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: () => new Response("<b>down</b>", { status, headers: { "x-receiver": "crm-7" } }),
      });
      const url = `http://127.0.0.1:${receiver.port}/hook`;
      await call("POST", "/event-type", { name: "known.type", description: "x" });
      await call("POST", "/app", { name: "Cause & Co", uid: "cause" });
      await call("POST", "/app/cause/endpoint", { url, uid: "crm" });
      await call("POST", "/app/cause/endpoint", { url: inbox("typed-inbox"), eventTypes: ["known.type"] });
      await call("POST", "/app/cause/endpoint", { url: inbox("channel-inbox"), channels: ["eu"] });
      await call("POST", "/app/cause/endpoint", { url: inbox("disabled-inbox"), disabled: true });
      const body = '{"eventType":"some.type","channels":["us"],"payload":{"big":12345678901234567890,"one":1.0}}';
      const { id } = await call("POST", "/app/cause/msg", body);
      await call("POST", "/app/cause/endpoint", { url: inbox("later-inbox") });

      await using opened = await open("#/");
      const { page } = opened;
      const messagePath = `/api/v1/app/cause/msg/${id}`;
      const payloadReads: string[] = [];
      page.on("request", (request) => {
        const path = new URL(request.url()).pathname;
        if ([messagePath, `${messagePath}/raw`].includes(path)) payloadReads.push(request.url());
      });
      await page.goto(`${group.server.url}/ui/#/app/cause/msg/${id}`);
      await page.getByText('"big": 12345678901234567890').waitFor();
      await page.getByRole("link", { name: "Cause & Co" }).first().waitFor();
      const missed = page.getByRole("region", { name: "Endpoints that did not get this message" });
      await missed.getByText("gets only the event types known.type").waitFor();
      await missed.getByText("gets only the channels eu; the message has us").waitFor();
      await missed.getByText("The endpoint is disabled").waitFor();
      await missed.getByText("The endpoint was created after this message").waitFor();

      const attempts = page.getByRole("region", { name: "Attempts" });
      await attempts.getByRole("button", { name: "Details" }).click();
      const sent = attempts.getByRole("region", { name: "What was sent" });
      await sent.getByText("webhook-signature").waitFor();
      await attempts.getByText("x-receiver", { exact: false }).first().waitFor();
      await attempts.getByText("<b>down</b>").first().waitFor();
      await attempts.getByText("Check the signature").click();
      await attempts.getByLabel("Language").selectOption("python");
      await attempts.getByText(`id = "${id}"`).waitFor();
      await expectUsable(page);

      status = 200;
      const close = attempts.getByRole("button", { name: "Close" });
      await close.focus();
      for (let i = 0; i < 3; i++) await call("POST", "/app/cause/msg", { eventType: "other.type", payload: { i } });
      await call("POST", `/app/cause/msg/${id}/endpoint/crm/resend`);
      await page.getByRole("region", { name: "Deliveries" }).getByText("delivered", { exact: true }).waitFor();
      await attempts.getByText("200", { exact: true }).first().waitFor();
      await sent.getByText("webhook-signature").waitFor();
      expect(await close.evaluate((button) => button === document.activeElement)).toBe(true);
      const urlOf = (rest: string) => group.server.url + messagePath + rest;
      expect(payloadReads.toSorted()).toEqual([urlOf("/raw"), urlOf("?with_content=false")].toSorted());
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a message whose deliveries wait is cancelled after a question, and the button is then gone",
    async () => {
      await call("POST", "/app", { name: "Later Inc", uid: "later" });
      await call("POST", "/app/later/endpoint", { url: inbox("later-inbox-1") });
      await call("POST", "/app/later/endpoint", { url: inbox("later-inbox-2") });
      const deliverAt = new Date(Date.now() + 3_600_000).toISOString();
      const { id } = await call("POST", "/app/later/msg", { eventType: "later.type", payload: {}, deliverAt });

      await using opened = await open(`#/app/later/msg/${id}`);
      const { page } = opened;
      const deliveries = page.getByRole("region", { name: "Deliveries" });
      await page.getByRole("button", { name: "Cancel message" }).click();
      await page.getByText("Stop sending this message?").waitFor();
      await expectUsable(page);
      await page.getByRole("button", { name: "Stop sending" }).click();
      await deliveries.getByText("2 deliveries cancelled.").waitFor();
      await deliveries.getByText("cancelled", { exact: true }).nth(1).waitFor();
      await page.getByRole("button", { name: "Cancel message" }).waitFor({ state: "detached" });

      await page.getByRole("button", { name: "Resend all" }).click();
      await page.getByText("Send this message again to 2 endpoints?").waitFor();
      await page.getByRole("button", { name: "Resend", exact: true }).click();
      await deliveries.getByText("Resend requested for 2 endpoints.").waitFor();
      await deliveries.getByText("delivered", { exact: true }).nth(1).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a message is resent to those that failed and to all after a question that names their number",
    async () => {
      let status = 410;
      using receiver = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status }) });
      await call("POST", "/app", { name: "Again Inc", uid: "again" });
      await call("POST", "/event-type", { name: "again.type", description: "" });
      await call("POST", "/app/again/endpoint", { url: `http://127.0.0.1:${receiver.port}/a`, uid: "gone" });
      await call("POST", "/app/again/endpoint", { url: inbox("again-inbox") });
      const { id } = await call("POST", "/app/again/msg", { eventType: "again.type", payload: { x: 1 } });

      await using opened = await open(`#/app/again/msg/${id}`);
      const { page } = opened;
      const deliveries = page.getByRole("region", { name: "Deliveries" });
      await deliveries.getByText("dead", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Resend failed" }).click();
      await page.getByText("No enabled endpoint has such a delivery").waitFor();
      await page.getByRole("button", { name: "Cancel" }).click();

      status = 200;
      await call("PATCH", "/app/again/endpoint/gone", { disabled: false });
      await page.getByRole("button", { name: "Resend failed" }).click();
      await page.getByText("Send this message again to 1 endpoint?").waitFor();
      await page.getByRole("button", { name: "Resend", exact: true }).click();
      await deliveries.getByText("delivered", { exact: true }).nth(1).waitFor();
      await page.getByRole("button", { name: "Resend all" }).click();
      await page.getByText("Send this message again to 2 endpoints?").waitFor();
      await page.getByRole("button", { name: "Resend", exact: true }).click();
      await page.getByText("Resend requested for 2 endpoints.").waitFor();
      await page.getByText("manual").nth(2).waitFor();

      await page.getByRole("link", { name: "Send again as new" }).click();
      await page.getByRole("heading", { level: 1, name: "Send a message" }).waitFor();
      await page.waitForFunction(() => document.querySelector("textarea")?.value === '{\n  "x": 1\n}');
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a message is stored once if the response is lost and the user sends again, and once more after a change",
    async () => {
      await call("POST", "/app", { name: "Once Ltd", uid: "once" });
      await call("POST", "/event-type", { name: "once.sent", description: "x" });
      const { id } = await call("GET", "/app/once");
      await using opened = await open(`#/send?app=${id}&type=once.sent`, "ERR_FAILED");
      const { page } = opened;
      const sent = async () => (await call("GET", "/app/once/msg")).data.length;
      const loseResponse = () =>
        page.route("**/msg?with_content=false", async (route) => {
          await route.fetch();
          await route.abort();
        });
      const button = page.getByRole("button", { name: "Send message" });
      const problem = page.getByText("The server does not respond.");
      const payload = page.getByRole("textbox", { name: "Payload" });
      await payload.fill('{"first":true}');
      await loseResponse();
      await button.click();
      await problem.waitFor();
      expect(await sent()).toBe(1);
      await button.click();
      await page.waitForFunction(() => document.querySelector("button[aria-busy=true]") === null);
      await problem.waitFor();
      expect(await sent()).toBe(1);
      await payload.fill('{"changed":true}');
      await problem.waitFor({ state: "detached" });
      await button.click();
      await problem.waitFor();
      expect(await sent()).toBe(2);
      // The user gives up the change, sends the first message again, and then the change after all.
      await payload.fill('{"first":true}');
      await problem.waitFor({ state: "detached" });
      await button.click();
      await problem.waitFor();
      expect(await sent()).toBe(2);
      await payload.fill('{"changed":true}');
      await problem.waitFor({ state: "detached" });
      await page.unroute("**/msg?with_content=false");
      await button.click();
      await page.getByRole("heading", { level: 1, name: "once.sent" }).waitFor();
      expect(await sent()).toBe(2);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a resend to all of which one is refused goes on, and its outcome counts and names what was refused",
    async () => {
      await call("POST", "/app", { name: "Partly AG", uid: "partly" });
      // The newest endpoint is resent to first.
      for (const uid of ["one", "two", "three"])
        await call("POST", "/app/partly/endpoint", { url: inbox(`partly-${uid}`), uid });
      const { id } = await call("POST", "/app/partly/msg", { eventType: "partly.type", payload: {} });
      await using opened = await open(`#/app/partly/msg/${id}`, "400");
      const { page } = opened;
      const deliveries = page.getByRole("region", { name: "Deliveries" });
      await deliveries.getByText("delivered", { exact: true }).nth(2).waitFor();
      await page.getByRole("button", { name: "Resend all" }).click();
      await page.getByText("Send this message again to 3 endpoints?").waitFor();
      for (const uid of ["one", "three"]) await call("PATCH", `/app/partly/endpoint/${uid}`, { disabled: true });
      await page.getByRole("button", { name: "Resend", exact: true }).click();
      await deliveries
        .getByText(/Resend requested for 1 of 3 endpoints\. Not for .*partly-\w+: .*partly-\w+: /)
        .waitFor();
      await until(
        () => call("GET", "/inbox/partly-two"),
        ({ data }) => data.length === 2,
      );
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
