import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { executable, startBoathook } from "../support/binary.ts";
import { describeInBrowser, logInWith, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";

describeInBrowser("admin page in a browser", {}, (group) => {
  const rootToken = () => readFileSync(group.file("data/root-token"), "utf8").trim();

  /** Opens a page in a new context. */
  async function open(path: string, at = group.server.url) {
    const context = await group.browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    const watched = watch(page, at);
    await page.goto(at + path);
    return { page, ...watched, [Symbol.asyncDispose]: () => context.close() };
  }

  async function sendToDemo(eventType: string, payload: string): Promise<void> {
    const response = await fetch(`${group.server.url}/api/v1/app/demo/msg`, {
      method: "POST",
      headers: { authorization: `Bearer ${rootToken()}`, "content-type": "application/json" },
      body: `{"eventType":"${eventType}","payload":${payload}}`,
    });
    expect(response.status).toBe(202);
  }

  test(
    "a new message appears without a reload, and its page shows the attempts, the payload and the inbox",
    async () => {
      await using opened = await open("/");
      const { page } = opened;
      await logInWith(page, rootToken());
      await page.getByRole("heading", { name: "Latest messages" }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      const loadedAt = await page.evaluate(() => performance.timeOrigin);

      await sendToDemo("browser.seen", '{"price":1.0,"markup":"<img src=x onerror=alert(1)>"}');
      const row = page.getByRole("row").filter({ hasText: "browser.seen" });
      await row.getByText("delivered").waitFor();
      expect(await page.evaluate(() => performance.timeOrigin)).toBe(loadedAt);

      await row.getByRole("link").click();
      await page.getByRole("heading", { level: 1, name: "browser.seen" }).waitFor();
      await page
        .getByRole("region", { name: "Attempts" })
        .getByText(/^2\d\d$/)
        .waitFor();
      expect(await page.getByText('"price": 1.0,').count()).toBe(1);
      expect(await page.locator("main img").count()).toBe(0);

      await page.getByRole("link", { name: "View inbox" }).click();
      await page.getByRole("article").first().waitFor();
      expect(await page.getByRole("article").first().textContent()).toContain('"price": 1.0');

      expect(opened.outside).toEqual([]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a resent delivery shows a second attempt",
    async () => {
      await using opened = await open("/ui/");
      const { page } = opened;
      await logInWith(page, rootToken());
      await sendToDemo("browser.resent", "{}");
      await page.getByRole("link", { name: "browser.resent" }).click();
      const attempts = page.getByRole("region", { name: "Attempts" }).getByText(/^2\d\d$/);
      await attempts.first().waitFor();
      await page.getByRole("button", { name: /^Resend to / }).click();
      await attempts.nth(1).waitFor();
      await page.getByText("manual").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "without a demo application, the overview explains how to send a first message to your own application",
    async () => {
      const token = "configured-root-token-of-the-browser-test";
      const env = { BOATHOOK_ROOT_TOKEN: token };
      const other = await startBoathook(executable(), group.file("configured"), [], { env });
      try {
        await using opened = await open("/ui/", other.url);
        const { page } = opened;
        await logInWith(page, token);
        await page.getByText("/app/YOUR_APP/msg").waitFor();
        expect(await page.getByRole("button", { name: "Send test message" }).count()).toBe(0);
        expect(opened.errors).toEqual([]);
      } finally {
        await other.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "the login page says where the root token is and how to create another token in the data directory",
    async () => {
      await using opened = await open("/ui/");
      await opened.page.getByText("boathook token create --data-dir").waitFor();
      await opened.page.getByText("root-token", { exact: true }).waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "a wrong token is rejected with a message, and logging out removes the token",
    async () => {
      await using opened = await open("/ui/");
      const { page } = opened;
      for (const wrong of ["wrong", "wröng\u2028"]) {
        await logInWith(page, wrong);
        await page.getByRole("alert").getByText("This token is not valid").waitFor();
      }
      await logInWith(page, rootToken());
      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByLabel("Token").waitFor();
      await page.reload();
      await page.getByLabel("Token").waitFor();
      expect(await page.evaluate(() => sessionStorage.length + localStorage.length)).toBe(0);
      expect(opened.outside).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the API page lists all operations",
    async () => {
      await using opened = await open("/docs");
      const { page } = opened;
      await page.locator(".opblock").first().waitFor();
      const { paths } = (await (await fetch(`${group.server.url}/docs/json`)).json()) as { paths: object };
      expect(Object.keys(paths).length).toBeGreaterThan(10);
      // Swagger UI keeps only the operations near the visible part in the page.
      const seen = new Set<string>();
      const missing = () => Object.keys(paths).filter((path) => !seen.has(path));
      const deadline = Date.now() + TIMEOUT_MS / 2;
      while (missing().length > 0 && Date.now() < deadline) {
        for (const path of await page.locator(".opblock-summary-path").allTextContents()) {
          seen.add(path.replaceAll("\u200b", ""));
        }
        await page.mouse.wheel(0, 300);
        await page.waitForFunction(() => new Promise((resolve) => requestAnimationFrame(() => resolve(true))));
      }
      expect(missing()).toEqual([]);
      expect(opened.outside).toEqual([]);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
