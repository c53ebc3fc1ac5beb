import { expect, test } from "bun:test";
import {
  callerOf,
  describeInBrowser,
  openAdminPage,
  BROWSER_TIMEOUT_MS as TIMEOUT_MS,
  watch,
} from "../support/browser.ts";
import { until } from "../support/delivery.ts";

const TOKEN = "root-token-of-the-test-of-payload-versions";

describeInBrowser("payload versions on the pages", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);
  const screenshot = async (page: { screenshot(options: object): Promise<unknown> }, name: string) => {
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png`, fullPage: true });
  };

  test(
    "a payload version is created, its code is checked, it is changed, and it cannot be deleted while it is in use",
    async () => {
      // Responses 422 and 409 are errors of the console; this test expects them.
      await using opened = await openAdminPage(group, TOKEN, "#/payload-version", { ignored: "status of 4" });
      const { page } = opened;
      await page.getByText("No payload versions yet").waitFor();
      await page.getByRole("link", { name: "New payload version" }).click();
      const form = page.getByRole("form", { name: "New payload version" });
      await form.getByLabel("Version", { exact: true }).fill("2026-11-01");
      await form.getByLabel("Description").fill("Amounts have a currency");
      await form.getByLabel("Downgrade").fill("function downgrade(payload) {\n  let a = ;\n}");
      await form.getByRole("button", { name: "Create payload version" }).click();
      await form.getByText(/^line 2, column 11: SyntaxError/).waitFor();
      await form.getByRole("button", { name: "Go to line 2" }).waitFor();
      await screenshot(page, "new-payload-version");
      const code = "function downgrade(payload) {\n  return { total: payload.amount };\n}";
      await form.getByLabel("Downgrade").fill(code);
      await form.getByRole("button", { name: "Create payload version" }).click();
      await page.getByRole("heading", { level: 1, name: "2026-11-01" }).waitFor();
      const stored = () => call("GET", "/payload-version/2026-11-01");
      expect(await stored()).toMatchObject({ downgrade: code, description: "Amounts have a currency", sunsetAt: null });

      await call("POST", "/app", { uid: "shop", name: "Shop" });
      await call("POST", "/app/shop/endpoint", { url: `${group.server.url}/inbox/inbox-of-the-shop` });
      await page.reload();
      await page.getByRole("link", { name: "1 endpoint" }).waitFor();
      await page.getByLabel("Deprecated from").fill("2026-01-01T00:00:00");
      await page.getByLabel("May be removed from").fill("2099-07-01T00:00:00");
      await page.getByRole("button", { name: "Save settings" }).click();
      await page.getByText("Saved.", { exact: true }).waitFor();
      await page.getByText("deprecated", { exact: true }).waitFor();
      const sunsetAt = new Date(await page.evaluate(() => new Date("2099-07-01T00:00:00").toISOString()));
      await until(stored, (version) => version.sunsetAt === sunsetAt.toISOString());
      expect((await stored()).downgrade).toBe(code);

      await page.getByRole("button", { name: "Delete payload version" }).click();
      await page.getByRole("button", { name: "Delete version" }).click();
      await page.getByText("Endpoints are pinned to the payload version. Upgrade them first.").waitFor();
      await screenshot(page, "payload-version");
      await page.getByRole("link", { name: "1 endpoint" }).click();
      await page.getByText("inbox-of-the-shop").waitFor();
      expect(page.url()).toContain("api_version=2026-11-01");
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the pages of an endpoint show its payload version and when it ends, and a customer chooses a newer one",
    async () => {
      const fields = {
        description: "The old form",
        deprecatedAt: "2025-01-01T00:00:00Z",
        sunsetAt: "2099-01-01T00:00:00Z",
      };
      await call("POST", "/payload-version", { version: "2027-01-01", ...fields });
      await call("POST", "/app", { uid: "portal", name: "Portal" });
      const url = `${group.server.url}/inbox/inbox-of-the-portal`;
      const { id } = await call("POST", "/app/portal/endpoint", { url });
      await call("POST", "/payload-version", { version: "2027-02-01", description: "The new form" });
      const message = await call("POST", "/app/portal/msg", { eventType: "a", payload: {} });

      await using opened = await openAdminPage(group, TOKEN, `#/app/portal/endpoint/${id}?tab=settings`);
      await opened.page.getByText(/The payload version of this endpoint, 2027-01-01, is deprecated since/).waitFor();
      const ofAdmin = opened.page.getByLabel("Payload version", { exact: true });
      await ofAdmin.waitFor();
      expect(await ofAdmin.inputValue()).toBe("2027-01-01");
      await screenshot(opened.page, "endpoint-version");
      await opened.page.goto(`${group.server.url}/ui/#/app/portal/msg/${message.id}`);
      await opened.page.getByText("2027-02-01", { exact: true }).first().waitFor();
      expect(opened.errors).toEqual([]);

      const access = await call("POST", "/auth/app-portal-access/portal", {});
      const context = await group.browser.newContext({ viewport: { width: 375, height: 700 } });
      try {
        const page = await context.newPage();
        page.setDefaultTimeout(15_000);
        const { errors } = watch(page, group.server.url);
        await page.goto(access.url);
        await page.getByRole("link", { name: url }).click();
        await page.getByText(/Prepare the receiver for a newer version.* The newest is 2027-02-01\./).waitFor();
        await page.getByRole("link", { name: "Settings" }).click();
        const choice = page.getByLabel("Payload version", { exact: true });
        await choice.selectOption("2027-02-01");
        await page.getByText("The new form").waitFor();
        await screenshot(page, "portal-version");
        await page.getByRole("button", { name: "Save", exact: true }).click();
        await page.getByText("Saved.", { exact: true }).waitFor();
        await until(
          () => call("GET", `/app/portal/endpoint/${id}`),
          (endpoint) => endpoint.apiVersion === "2027-02-01",
        );
        await page.getByText(/Prepare the receiver/).waitFor({ state: "hidden" });
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        expect(errors).toEqual([]);
      } finally {
        await context.close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "the page of an event type names the incompatible changes of a schema when it is saved, and when it is rejected",
    async () => {
      const schema = (name: string) => ({
        type: "object",
        properties: { [name]: { type: "number" } },
        required: [name],
      });
      await call("POST", "/event-type", {
        name: "invoice.paid",
        description: "Paid",
        schemas: { "1": schema("total") },
      });
      await using opened = await openAdminPage(group, TOKEN, "#/event-type/invoice.paid", { ignored: "409" });
      const { page } = opened;
      const stored = () => call("GET", "/event-type/invoice.paid");
      await page.getByLabel("Changes of the schema").selectOption("warn");
      await page.getByRole("button", { name: "Save settings" }).click();
      await until(stored, (type) => type.compatibility === "warn");
      const section = page.getByRole("region", { name: "Schema", exact: true });
      await section.getByLabel("Version", { exact: true }).selectOption("2");
      await section.getByLabel("JSON Schema").fill(JSON.stringify(schema("amount")));
      await section.getByRole("button", { name: "Save version 2" }).click();
      const changes = section.getByRole("list", { name: "Incompatible changes" });
      await changes.getByText("required property amount was added").waitFor();
      await changes.getByText("property total was removed").waitFor();
      await screenshot(page, "incompatible-schema");
      expect((await stored()).schemaVersions).toEqual(["1", "2"]);

      await page.getByLabel("Changes of the schema").selectOption("reject");
      await page.getByRole("button", { name: "Save settings" }).click();
      await until(stored, (type) => type.compatibility === "reject");
      await section.getByLabel("Version", { exact: true }).selectOption("3");
      await section.getByLabel("JSON Schema").fill(JSON.stringify(schema("cents")));
      await section.getByRole("button", { name: "Save version 3" }).click();
      await section.getByText(/would break its users: schemas\.3: required property `cents` was added/).waitFor();
      expect((await stored()).schemaVersions).toEqual(["1", "2"]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
