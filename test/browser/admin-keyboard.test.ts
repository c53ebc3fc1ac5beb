import { expect, test } from "bun:test";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";
import { ok, startReceiver, withStatus } from "../support/receiver.ts";

/** Forms and questions of the admin page that are used with the keyboard. */

const TOKEN = "root-token-of-the-test-of-the-keyboard-1";
const env = { BOATHOOK_ROOT_TOKEN: TOKEN };
const args = ["--allow-subnets", "127.0.0.1/32", "--retry-schedule="];

describeInBrowser("forms and questions with the keyboard", { env, args }, (group) => {
  // The form of a message asks for event types that are not registered.
  const open = (hash: string) => openAdminPage(group, TOKEN, hash, { ignored: "status of 404" });
  const call = callerOf(group, TOKEN);

  test(
    "an attempt to send an incomplete message says at each field what is missing, and Escape keeps a typed event type",
    async () => {
      await call("POST", "/app", { name: "Incomplete Ltd", uid: "incomplete" });
      await using opened = await open("#/send");
      const { page } = opened;
      const send = page.getByRole("button", { name: "Send message" });
      await page.getByLabel("Payload").fill("");
      await send.click();
      await page.getByText("Choose the customer whose endpoints get the message.").waitFor();
      await page.getByText("Enter an event type, such as invoice.paid.").waitFor();
      await page.getByText("Enter a JSON object.").waitFor();

      await page.getByLabel("Customer").fill("Incomplete");
      await page.getByRole("option", { name: "Incomplete Ltd" }).click();
      const eventType = page.getByLabel("Event type");
      await eventType.fill("bad type!");
      await page.getByLabel("Payload").fill("{}");
      await page.getByText("An event type has up to 128 letters, digits and . - _ .").waitFor();
      await eventType.fill("any.type");
      await page.keyboard.press("Escape");
      expect(await eventType.inputValue()).toBe("any.type");
      await page.keyboard.press("Tab");
      await page.getByText("Add an endpoint").waitFor();
      await send.click();
      await page.getByRole("heading", { level: 1, name: "any.type" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "Escape leaves a redrive, Enter starts it, and the name of the customer leads to the customer's page",
    async () => {
      let answering = withStatus(503);
      await using receiver = startReceiver((request) => answering(request));
      await call("POST", "/app", { uid: "keys", name: "Keys Ltd" });
      await call("POST", "/app/keys/endpoint", { url: receiver.url });
      const dead = async () => (await call("GET", "/dead-letter/summary?app_id=keys")).total;
      for (let i = 0; i < 2; i++) await call("POST", "/app/keys/msg", { eventType: "order.paid", payload: { i } });
      await until(dead, (total) => total === 2);
      await using opened = await open("#/dead-letter");
      const { page } = opened;
      const row = page.getByRole("row").filter({ hasText: "Keys Ltd" });
      await row.getByRole("link", { name: "Keys Ltd" }).click();
      await page.getByRole("heading", { level: 1, name: "Keys Ltd" }).waitFor();
      await page.goBack();

      const redrive = row.getByRole("button", { name: "Redrive" });
      const question = page.getByText("Send 2 dead letters");
      await redrive.focus();
      await page.keyboard.press("Enter");
      await question.waitFor();
      await page.keyboard.press("Escape");
      await question.waitFor({ state: "detached" });
      expect(await redrive.evaluate((button) => button === document.activeElement)).toBe(true);
      await page.keyboard.press("Enter");
      await question.waitFor();
      await page.keyboard.press("Shift+Tab");
      answering = ok;
      await page.keyboard.press("Enter");
      await until(dead, (total) => total === 0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "an attempt to create an incomplete token says what is missing",
    async () => {
      await using opened = await open("#/token");
      const { page } = opened;
      const create = page.getByRole("button", { name: "Create token" });
      await page.getByLabel("May do").selectOption("some");
      await create.click();
      await page.getByText("Enter a name. The list of tokens and the audit log show it.").waitFor();
      await page.getByText("Select at least one scope.").waitFor();
      await page.getByLabel("Name", { exact: true }).fill("reader");
      await page.getByLabel("Read Messages").check();
      await create.click();
      await page.getByText("It is not shown again.").waitFor();
      expect(await page.getByText("Select at least one scope.").count()).toBe(0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the page of an endpoint leads to the redrive of its dead letters, and to who disabled it",
    async () => {
      await using receiver = startReceiver(withStatus(503));
      await call("POST", "/app", { uid: "leads", name: "Leads Ltd" });
      await call("POST", "/app/leads/endpoint", { uid: "hook", url: receiver.url });
      await call("POST", "/app/leads/msg", { eventType: "order.paid", payload: {} });
      await until(
        async () => (await call("GET", "/dead-letter/summary?app_id=leads")).total,
        (total) => total === 1,
      );
      await using opened = await open("#/app/leads/endpoint/hook");
      const { page } = opened;
      await page.getByRole("link", { name: "Redrive", exact: true }).click();
      await page.getByText("1 dead letter in 1 group").waitFor();
      await call("PATCH", "/app/leads/endpoint/hook", { disabled: true });
      await page.goBack();
      await page.getByRole("link", { name: "Who changed it" }).click();
      await page.getByText(/changed the endpoint/).waitFor();
      await page.getByText(/created the endpoint/).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
