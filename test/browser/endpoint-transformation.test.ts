import { beforeAll, expect, test } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { violationsOn } from "../support/axe.ts";
import {
  callerOf,
  describeInBrowser,
  openAdminPage,
  BROWSER_TIMEOUT_MS as TIMEOUT_MS,
  watch,
} from "../support/browser.ts";
import { until } from "../support/delivery.ts";

const TOKEN = "root-token-of-the-test-of-transformations";
const SHAPE = `function handler(webhook) {
  console.log("seen", webhook.eventType);
  webhook.payload.total = webhook.payload.amount * 2;
  webhook.headers["X-Team"] = variables.team;
  webhook.url += "?team=1";
  webhook.method = "PUT";
  return webhook;
}`;

describeInBrowser("the editor of a transformation", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const call = callerOf(group, TOKEN);
  let endpoint: string;
  const stored = () => call("GET", `/app/shop/endpoint/${endpoint}/transformation`);

  beforeAll(async () => {
    await call("POST", "/event-type", {
      ...{ name: "user.created", description: "" },
      schemas: { 1: { type: "object", properties: { email: { type: "string", examples: ["ada@example.com"] } } } },
    });
    await call("POST", "/app", { uid: "shop", name: "Shop" });
    endpoint = (await call("POST", "/app/shop/endpoint", { url: `${group.server.url}/inbox/inbox-of-the-shop` })).id;
    await call("POST", "/app/shop/msg", { eventType: "invoice.paid", payload: { amount: 12, lines: [1, 2, 3] } });
  }, TIMEOUT_MS);

  /** Everything of the editor. */
  const partsOf = (page: Page) => ({
    code: page.getByLabel("Code", { exact: true }),
    enabled: page.getByLabel("Run this code at each attempt"),
    sample: page.getByLabel("Message", { exact: true }),
    /** Waits until the newest stored message is selected. Until then, the code runs on an example. */
    untilSelected: () => page.locator('option[value^="message "]:checked').waitFor({ state: "attached" }),
    button: (name: string) => page.getByRole("button", { name, exact: true }),
    diff: (name: string) => page.getByRole("figure", { name: `${name} before and after` }),
  });
  const openEditor = (ignored?: string) =>
    openAdminPage(group, TOKEN, `#/app/shop/endpoint/${endpoint}?tab=transformation`, { ignored, height: 1_400 });
  const screenshot = async (page: Page, name: string) => {
    const folder = process.env.SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  };

  async function expectFits(page: Page): Promise<void> {
    const before = page.viewportSize()!;
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await screenshot(page, "narrow");
    await page.setViewportSize(before);
  }

  /** Types and shows what the field then contains, because Enter adds an indent. */
  async function typed(code: Locator, text: string): Promise<string> {
    await code.fill("");
    await code.pressSequentially(text);
    return code.inputValue();
  }

  test(
    "code is tried on a stored message, shows what it changes, and is saved with its variables",
    async () => {
      await using opened = await openEditor();
      const { page } = opened;
      const { code, enabled, button, diff, sample, untilSelected } = partsOf(page);
      await code.fill(SHAPE);
      await page.getByLabel("Name of a variable").fill("team");
      await page.getByLabel("Value", { exact: true }).fill("billing-secret");
      await button("Set variable").click();
      await page.getByText("new value, not saved").waitFor();
      await untilSelected();
      expect(await sample.locator("option:checked").textContent()).toStartWith("invoice.paid, ");

      await button("Run").click();
      await page.getByText("Changed: method, URL, headers, payload.").waitFor();
      const lines = (await diff("Payload").textContent())!;
      expect(lines).toContain('+   ],\n+   "total": 24\n');
      expect(await diff("Method").textContent()).toBe("- POST\n+ PUT\n");
      expect(await diff("Headers").textContent()).toBe("+ X-Team: billing-secret\n");
      expect(await diff("URL").textContent()).toContain("inbox-of-the-shop?team=1\n");
      await page.getByText("seen invoice.paid").waitFor();
      expect(await violationsOn(page)).toEqual([]);
      await screenshot(page, "light");
      await expectFits(page);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await violationsOn(page)).toEqual([]);
      await screenshot(page, "dark");
      expect((await stored()).code).toBeNull();

      await enabled.check();
      await page.getByText("Changed: method").waitFor();
      await button("Save transformation").click();
      await page.getByText("Saved. It applies to all attempts from now on.").waitFor();
      expect(await stored()).toMatchObject({ code: SHAPE, enabled: true, variables: { team: "[set]" } });
      await page.reload();
      await page.getByText("stored", { exact: true }).waitFor();
      expect(await code.inputValue()).toBe(SHAPE);
      expect(await page.content()).not.toContain("billing-secret");
      await untilSelected();
      await button("Run").click();
      await page.getByText("X-Team: billing-secret").waitFor();
      await button("Remove team").click();
      await button("Save transformation").click();
      await until(stored, ({ variables }) => variables !== null && Object.keys(variables).length === 0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the place of a problem is marked, and a button leads to it",
    async () => {
      await using opened = await openEditor("422");
      const { page } = opened;
      const { code, button } = partsOf(page);
      await code.fill(`${"// a line\n".repeat(60)}function handler(webhook) {\n  let a = ;\n}`);
      await button("Run").click();
      const problem = "line 62, column 11: SyntaxError: unexpected token in expression: ';'";
      await page.getByRole("alert").getByText(problem).waitFor();
      expect(await code.getAttribute("aria-invalid")).toBe("true");
      const mark = page.locator("main mark");
      expect(await mark.textContent()).toBe(";");
      await button("Go to line 62").click();
      const cursor = await code.evaluate((area: HTMLTextAreaElement) => [
        document.activeElement === area,
        area.value.slice(area.selectionStart, area.selectionStart + 1),
      ]);
      expect(cursor).toEqual([true, ";"]);
      const [shown, around] = [await mark.boundingBox(), await code.boundingBox()];
      expect(shown!.y).toBeGreaterThan(around!.y);
      expect(shown!.y + shown!.height).toBeLessThan(around!.y + around!.height);
      await screenshot(page, "problem");
      await page.getByText("Correct what is marked above.").waitFor();
      await page.keyboard.press("Delete");
      await page.getByText("Correct what is marked above.").waitFor({ state: "hidden" });
      await page.getByRole("alert").waitFor({ state: "detached" });
      expect(await mark.count()).toBe(0);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "changes that are not saved outlive a change of the page, and can be discarded",
    async () => {
      await using opened = await openEditor();
      const { page } = opened;
      const { code, button } = partsOf(page);
      const before = (await stored()).code ?? "";
      await code.fill("function handler(webhook) { return webhook; } // draft");
      await page.getByText("There are unsaved changes.").waitFor();
      await page.getByRole("link", { name: "Attempts", exact: true }).click();
      await code.waitFor({ state: "detached" });
      const asks = await page.evaluate(() => dispatchEvent(new Event("beforeunload", { cancelable: true })));
      expect(asks).toBe(false);
      await page.getByRole("link", { name: "Transformation", exact: true }).click();
      await page.getByText("There are unsaved changes.").waitFor();
      expect(await code.inputValue()).toContain("// draft");
      await button("Discard changes").click();
      await button("Discard").click();
      await page.getByText("There are unsaved changes.").waitFor({ state: "detached" });
      expect(await code.inputValue()).toBe(before);
      expect(await page.evaluate(() => dispatchEvent(new Event("beforeunload", { cancelable: true })))).toBe(true);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a preset fills in the code and cancels and examples are shown as such",
    async () => {
      await using opened = await openEditor();
      const { page } = opened;
      const { code, button, sample, diff } = partsOf(page);
      await page.getByLabel("Preset").selectOption("Slack");
      await button("Use preset").click();
      const replace = button("Replace the code");
      if (await replace.isVisible()) await replace.click();
      await page.waitForFunction(() => document.querySelector("textarea")!.value.includes("mrkdwn"));
      await sample.selectOption("user.created");
      await button("Run").click();
      await page.getByText("Changed: headers, payload.").waitFor();
      expect(await diff("Payload").textContent()).toContain("ada@example.com");
      await sample.selectOption("A payload of your own");
      await page.getByLabel("Payload", { exact: true }).fill('{"id": ');
      await button("Run").click();
      await page.getByText("Must be valid JSON.").waitFor();
      await page.getByLabel("Payload", { exact: true }).fill('{"id": 9007199254740993}');
      await code.fill("function handler(webhook) { return webhook; }");
      await button("Run").click();
      await page.getByText("The code changes nothing.").waitFor();
      await page.getByText("9007199254740993", { exact: false }).last().waitFor();
      await code.fill('function handler(webhook) { webhook.cancel = "not wanted here"; return webhook; }');
      await button("Run").click();
      await page.getByText("not wanted here", { exact: true }).waitFor();
      await page.getByText("Nothing would be sent").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "Enter keeps the indent, and Tab leaves the code",
    async () => {
      await using opened = await openEditor();
      const { page } = opened;
      const { code } = partsOf(page);
      expect(await typed(code, "function a() {\n  one();\ntwo();")).toBe("function a() {\n  one();\n  two();");
      await page.keyboard.press("Control+z");
      await page.keyboard.press("Tab");
      expect(await code.evaluate((area) => document.activeElement === area)).toBe(false);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a read-only session sees the code without buttons",
    async () => {
      await call("PATCH", `/app/shop/endpoint/${endpoint}/transformation`, { code: SHAPE });
      const { id } = await call("GET", "/environment");
      const path = `/management/authentication/${id}/api-token`;
      const { token } = await call("POST", path, { name: "reader", readOnly: true });
      const hash = `#/app/shop/endpoint/${endpoint}?tab=transformation`;
      await using opened = await openAdminPage(group, token, hash);
      const { page } = opened;
      const { code, enabled } = partsOf(page);
      expect(await code.inputValue()).toBe(SHAPE);
      expect([await code.isEditable(), await enabled.isEnabled()]).toEqual([false, false]);
      const names = await page.getByRole("region", { name: "Transformation" }).getByRole("button").allTextContents();
      expect([names, await page.getByText("Try it").count()]).toEqual([[], 0]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the portal has the same editor",
    async () => {
      const { url } = await call("POST", "/auth/app-portal-access/shop", {});
      const context = await group.browser.newContext({ viewport: { width: 1280, height: 1_200 } });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const { errors } = watch(page, group.server.url);
      await page.goto(url);
      await page.getByRole("link", { name: "inbox-of-the-shop" }).click();
      await page.getByRole("link", { name: "Transformation", exact: true }).click();
      const { code, button, diff, untilSelected } = partsOf(page);
      await code.fill(
        "function handler(webhook) { webhook.payload = { only: webhook.payload.amount }; return webhook; }",
      );
      await untilSelected();
      await button("Run").click();
      await page.getByText("Changed: payload.").waitFor();
      expect(await diff("Payload").textContent()).toContain('+   "only": 12\n');
      await screenshot(page, "portal");
      expect(await violationsOn(page)).toEqual([]);
      await expectFits(page);
      await button("Save transformation").click();
      await page.getByText("Saved. It applies to all attempts from now on.").waitFor();
      expect((await stored()).code).toContain("only");
      expect(errors).toEqual([]);
      await context.close();
    },
    TIMEOUT_MS,
  );

  test(
    "an endpoint of a source has a page with its filter and its transformation",
    async () => {
      const source = await call("POST", "/ingest/api/v1/source", { name: "Hub", uid: "hub", type: "generic-webhook" });
      const target = await call("POST", "/ingest/api/v1/source/hub/endpoint", {
        url: `${group.server.url}/inbox/inbox-of-the-hub`,
      });
      const path = `/ingest/api/v1/source/hub/endpoint/${target.id}`;
      const body = '{"charge": 7}';
      await fetch(source.ingestUrl, { method: "POST", headers: { "content-type": "application/json" }, body });
      await using opened = await openAdminPage(group, TOKEN, `#/source/${source.id}`);
      const { page } = opened;
      await page.getByRole("link", { name: "inbox-of-the-hub" }).click();
      const { code, button, diff, untilSelected } = partsOf(page);
      await code.fill("function handler(input) { return { headers: {}, body: input.body.toUpperCase() }; }");
      await untilSelected();
      await button("Run").click();
      await page.getByText("Changed: headers, body.").waitFor();
      expect(await diff("Body").textContent()).toContain('+   "CHARGE": 7\n');
      await screenshot(page, "source");
      expect(await violationsOn(page)).toEqual([]);
      await button("Save transformation").click();
      await page.getByText("Saved. The code does not run, because it is not enabled.").waitFor();
      expect((await call("GET", `${path}/transformation`)).code).toContain("toUpperCase");

      const filter = page.getByRole("region", { name: "Filter", exact: true });
      await filter.getByLabel("Filter as JSON").fill('{"payload": {"charge": {"$gt": 10}}}');
      await filter.getByRole("button", { name: "Test on stored messages" }).click();
      await filter.getByText("payload.charge: 7 is not > 10").waitFor();
      await filter.getByRole("button", { name: "Save filter" }).click();
      await filter.getByText("Saved.", { exact: true }).waitFor();
      expect((await call("GET", path)).filter).toEqual({ payload: { charge: { $gt: 10 } } });
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
