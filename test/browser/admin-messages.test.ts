import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser, logInWith, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";

/** The pages that send and show one message. */

const TOKEN = "root-token-of-the-test-of-messages-12345";
const env = { BOATHOOK_ROOT_TOKEN: TOKEN };

describeInBrowser("pages of one message", { env }, (group) => {
  /** Opens a page of the admin page and logs in. `ignored` is a part of console errors that the test expects. */
  async function open(hash: string, ignored?: string) {
    const context = await group.browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const { errors } = watch(page, group.server.url, ignored);
    await page.goto(`${group.server.url}/ui/`);
    await logInWith(page, TOKEN);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.goto(`${group.server.url}/ui/${hash}`);
    return { page, errors, [Symbol.asyncDispose]: () => context.close() };
  }

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`${group.server.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    expect([path, response.status, response.ok ? "" : text]).toEqual([path, response.status, ""]);
    return text === "" ? null : JSON.parse(text);
  }

  const inbox = (name: string) => `${group.server.url}/inbox/${name}`;

  async function expectNoOverflow(page: Page): Promise<void> {
    await page.setViewportSize({ width: 320, height: 640 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
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
      await expectNoOverflow(page);
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
});
