import { expect, test } from "bun:test";
import { describeInBrowser, logInWith, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";

const TOKEN = "root-token-of-the-test-of-the-first-start";

describeInBrowser("a fresh server", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  test(
    "the operator gets from the first login to the first delivered webhook by clicking and typing alone",
    async () => {
      const context = await group.browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      // The event type is not registered, so asking for it is answered with 404.
      const { errors, outside } = watch(page, group.server.url, "status of 404");
      const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();
      const main = page.locator("main");
      await page.goto(`${group.server.url}/ui/`);
      await logInWith(page, TOKEN);

      await main.getByRole("link", { name: "Create a customer" }).click();
      await heading("New customer");
      await page.getByLabel("Name", { exact: true }).fill("Acme Rockets");
      await page.getByRole("button", { name: "Create customer" }).click();
      await heading("Acme Rockets");

      await page
        .getByRole("navigation", { name: "Parts of the customer" })
        .getByRole("link", { name: "Endpoints" })
        .click();
      await main.getByRole("link", { name: "Create an endpoint" }).click();
      await heading("New endpoint");
      await page.getByLabel("URL").fill(`${group.server.url}/inbox/first-start`);
      await page.getByRole("button", { name: "Add endpoint" }).click();
      await heading("Endpoint added");

      await main.getByRole("link", { name: "Send a message" }).click();
      await heading("Send a message");
      await page.getByLabel("Event type").fill("rocket.launched");
      await page.getByLabel("Payload").fill('{"rocket":"Vega","seconds":12345678901234567890}');
      await page.getByText("1 endpoint", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Send message" }).click();

      await heading("rocket.launched");
      await page.getByRole("region", { name: "Deliveries" }).getByText("delivered", { exact: true }).waitFor();
      await page
        .getByRole("region", { name: "Attempts" })
        .getByText(/^2\d\d$/)
        .waitFor();
      await page.getByRole("link", { name: "View inbox" }).click();
      await heading("Inbox");
      await page.getByRole("article").getByText("12345678901234567890").waitFor();
      await page.getByRole("link", { name: "View message" }).click();
      await heading("rocket.launched");
      expect([errors, outside]).toEqual([[], []]);
      await context.close();
    },
    TIMEOUT_MS,
  );
});
