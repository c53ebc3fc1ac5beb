import { afterAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";
import { clientOf, makeApplication } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { type Received, startReceiver, withStatus } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";

/** What the pages show of an endpoint that is not verified. */

const options = {
  args: ["--allow-subnets=127.0.0.0/8", "--endpoint-challenge=on"],
  env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN },
};

describeInBrowser("pages of endpoints that are not verified", options, (group) => {
  const receiver = startReceiver(withStatus(500));
  afterAll(() => receiver[Symbol.asyncDispose]());

  const repeats = ({ body }: Received) => new Response(JSON.parse(body.toString()).challenge);

  /** Expects the notice with the reason, and that the button leads to a verified endpoint. */
  async function verifyByButton(page: Page, name: string): Promise<void> {
    await page.getByText(/The receiver responded with status 500\./).waitFor();
    await page.getByText("not verified", { exact: true }).first().waitFor();
    expect(await page.getByRole("button", { name: "Resume", exact: true }).count()).toBe(0);
    receiver.answering = repeats;
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    expect(await page.getByText("not verified", { exact: true }).count()).toBe(0);
  }

  test(
    "the admin page shows why the latest try failed, and its button tries again",
    async () => {
      receiver.answering = withStatus(500);
      const send = clientOf(group.server.url);
      const app = await makeApplication(send);
      const endpoint = await makeEndpoint(send, app, `${receiver.url}/admin`);
      await using opened = await openAdminPage(group, ROOT_TOKEN, `#/app/${app}/endpoint/${endpoint}`);
      await verifyByButton(opened.page, "Try again");
    },
    TIMEOUT_MS,
  );

  test(
    "an operator verifies an endpoint without a challenge on the admin page",
    async () => {
      receiver.answering = withStatus(500);
      const send = clientOf(group.server.url);
      const app = await makeApplication(send);
      const endpoint = await makeEndpoint(send, app, `${receiver.url}/trusted`);
      await using opened = await openAdminPage(group, ROOT_TOKEN, `#/app/${app}/endpoint/${endpoint}`);
      const { page } = opened;
      await page.getByRole("button", { name: "Verify without a challenge" }).click();
      await page.getByText("Send webhooks to this URL although").waitFor();
      await page.getByRole("button", { name: "Verify", exact: true }).click();
      await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "the portal shows why the latest try failed, and its button tries again",
    async () => {
      receiver.answering = withStatus(500);
      const send = clientOf(group.server.url);
      const app = await makeApplication(send);
      await makeEndpoint(send, app, `${receiver.url}/portal`);
      const { json } = await send("POST", `/auth/app-portal-access/${app}`, {});
      const context = await group.browser.newContext();
      const page = await context.newPage();
      const { errors } = watch(page, group.server.url, "status of 401");
      await page.goto(json.url);
      await page.getByRole("link", { name: `${receiver.url}/portal` }).click();
      await verifyByButton(page, "Try again");
      expect(errors).toEqual([]);
      await context.close();
    },
    TIMEOUT_MS,
  );
});
