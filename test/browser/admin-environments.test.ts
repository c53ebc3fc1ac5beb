import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import {
  callerOf,
  describeInBrowser,
  logInWith,
  openAdminPage,
  BROWSER_TIMEOUT_MS as TIMEOUT_MS,
} from "../support/browser.ts";
import { clientOf } from "../support/client.ts";

/** The environments of the admin page. */

const TOKEN = "root-token-of-the-test-of-environments-1";

describeInBrowser("environments on the admin page", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);
  const within = (environment: string, method: string, path: string, body?: unknown) =>
    clientOf(group.server.url)(method, path, body, {
      token: TOKEN,
      headers: { "boathook-environment": environment },
    });

  const row = (page: Page, name: string) =>
    page.getByRole("table", { name: "Environments" }).locator("tbody tr").filter({ hasText: name });

  async function expectNoOverflow(page: Page): Promise<void> {
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  test(
    "an environment is created, opened, filled by an import, renamed and deleted",
    async () => {
      await call("POST", "/app", { name: "Customer of the default" });
      for (const name of ["a.made", "b.made"]) await call("POST", "/event-type", { name, description: name });
      await using opened = await openAdminPage(group, TOKEN, "#/environment", { ignored: "409 (Conflict)" });
      const { page } = opened;
      await page.getByLabel("Name", { exact: true }).fill("staging");
      await page.getByRole("button", { name: "Create environment" }).click();
      await page.getByText("The environment staging is created.").waitFor();
      expect(await row(page, "default").getByRole("button").count()).toBe(0);
      await expectNoOverflow(page);
      const downloaded = page.waitForEvent("download");
      await page.getByRole("button", { name: "Export configuration" }).click();
      const file = await (await downloaded).path();

      await page.getByRole("button", { name: "Environment default" }).click();
      await page.getByRole("navigation", { name: "Environments" }).getByRole("link", { name: "staging" }).click();
      await page.waitForURL(`${group.server.url}/ui/?environment=staging#/`);
      await page.getByRole("button", { name: "Environment staging" }).waitFor();
      await page.getByText("-H 'boathook-environment: staging'").waitFor();
      await page.getByRole("link", { name: "Customers", exact: true }).click();
      await page.getByText("No customers yet").waitFor();
      await page.reload();
      await page.getByText("No customers yet").waitFor();
      await page.goto(`${group.server.url}/ui/?environment=staging#/app/new`);
      await page.getByLabel("Name", { exact: true }).fill("Customer of staging");
      await page.getByRole("button", { name: "Create customer" }).click();
      await page.getByRole("heading", { level: 1, name: "Customer of staging" }).waitFor();
      expect((await call("GET", "/app")).data.map(({ name }: { name: string }) => name)).toEqual([
        "Customer of the default",
      ]);

      await within("staging", "POST", "/event-type", { name: "a.made", description: "an older one" });
      await page.goto(`${group.server.url}/ui/?environment=staging#/environment`);
      await page.getByLabel("Exported file").setInputFiles({
        name: "x.json",
        mimeType: "application/json",
        buffer: Buffer.from("{}"),
      });
      await page.getByRole("alert").getByText("is not an exported configuration").waitFor();
      await page.getByLabel("Exported file").setInputFiles(file);
      await page.getByText("1 event type will be created and 1 event type replaced.").waitFor();
      await page.getByRole("button", { name: "Import 2 event types" }).click();
      await page.getByText("2 event types imported.").waitFor();
      const { json } = await within("staging", "GET", "/event-type");
      expect(json.data.map(({ description }: { description: string }) => description).sort()).toEqual([
        "a.made",
        "b.made",
      ]);

      await row(page, "staging").getByRole("button", { name: "Rename" }).click();
      await expectNoOverflow(page);
      await page.getByLabel("New name").fill("default");
      await page.getByRole("button", { name: "Rename environment" }).click();
      await page.getByText("An environment with that name already exists").waitFor();
      await page.getByLabel("New name").fill("quality & test");
      await page.getByRole("button", { name: "Rename environment" }).click();
      await page.waitForURL(`${group.server.url}/ui/?environment=quality+%26+test#/environment`);
      await row(page, "quality & test").getByText("in use").waitFor();

      await row(page, "quality & test").getByRole("button", { name: "Delete" }).click();
      await page.getByText("Delete 1 environment, quality & test, with 1 customer, 0 pending deliveries").waitFor();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Delete environment and its data" }).click();
      await page.waitForURL(`${group.server.url}/ui/#/environment`);
      await row(page, "default").getByText("in use").waitFor();
      await row(page, "quality & test").waitFor({ state: "detached" });
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a login keeps the environment of the address, and an unknown environment leads to one that exists",
    async () => {
      await call("POST", "/management/environment", { name: "kept", type: "development" });
      const context = await group.browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      await page.goto(`${group.server.url}/ui/?environment=kept#/app`);
      await logInWith(page, TOKEN);
      await page.getByRole("button", { name: "Environment kept" }).waitFor();
      await page.getByText("No customers yet").waitFor();
      for (const name of ["gone", "größer", "<b>x</b>"]) {
        await page.goto(`${group.server.url}/ui/?environment=${encodeURIComponent(name)}`);
        await page.getByText(`Your session has no environment ${name}.`).waitFor();
      }
      await page.getByRole("link", { name: "Open your environment" }).click();
      await page.getByRole("button", { name: "Environment default" }).waitFor();
      await context.close();
    },
    TIMEOUT_MS,
  );

  test(
    "a token of one environment sees no menu, and cannot be shown another environment",
    async () => {
      const { id } = await call("GET", "/environment");
      await call("POST", "/management/environment", { name: "foreign", type: "development" });
      const { token } = await call("POST", `/management/authentication/${id}/api-token`, { name: "limited" });
      await using opened = await openAdminPage(group, token, "#/environment");
      const { page } = opened;
      await page.getByRole("heading", { name: "In use: default" }).waitFor();
      expect(await page.getByRole("button", { name: /^Environment/ }).count()).toBe(0);
      expect(await page.getByRole("table", { name: "Environments" }).count()).toBe(0);
      await page.goto(`${group.server.url}/ui/?environment=foreign#/app`);
      await page.getByText("Your session has no environment foreign.").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
