import { afterEach, beforeAll, expect, test } from "bun:test";
import type { BrowserContext, Page } from "playwright-core";
import { describeInBrowser, logInWith, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { hostileTexts } from "../support/hostile-texts.ts";
import { connectRaw } from "../support/raw-request.ts";
import { startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { postStripe, STRIPE_SECRET, stripeEvent } from "../support/stripe.ts";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 320, height: 640 };
const SOURCES = "/ingest/api/v1/source";
const options = { args: ["--allow-subnets=127.0.0.0/8"], env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN } };

describeInBrowser("pages of sources in a browser", options, (group) => {
  const contexts: BrowserContext[] = [];
  let send: Send;

  beforeAll(() => {
    send = clientOf(group.server.url);
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  /** Opens a page and logs in. Collects errors, dialogs, and requests to other hosts. */
  async function open(hash: string, viewport = DESKTOP) {
    const context = await group.browser.newContext({ viewport, permissions: ["clipboard-read", "clipboard-write"] });
    contexts.push(context);
    const page = await context.newPage();
    // A form that is sent with errors gets 422.
    const watched = watch(page, group.server.url, "status of 422");
    await page.goto(`${group.server.url}/ui/`);
    await logInWith(page, ROOT_TOKEN);
    await page.getByText("live", { exact: true }).waitFor();
    await go(page, hash);
    return { page, ...watched };
  }

  async function go(page: Page, hash: string): Promise<void> {
    await page.evaluate((to) => {
      location.hash = to;
    }, hash);
  }

  async function makeSource(settings: object = {}) {
    const name = freshUid("source");
    const stripe = { name, type: "stripe", config: { secret: STRIPE_SECRET } };
    const { status, json, text } = await send("POST", SOURCES, { ...stripe, ...settings });
    if (status !== 201) throw new Error(`The source was not created: ${status} ${text}`);
    return json as { id: string; appId: string; ingestUrl: string; name: string };
  }

  const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

  test(
    "a user creates a Stripe source by clicking, sees a signed event arrive as verified, and opens it",
    async () => {
      await using receiver = startReceiver();
      const { page, errors, outside } = await open("#/");
      await page.getByRole("link", { name: "Sources" }).click();
      await heading(page, "Sources");
      await page.getByRole("link", { name: "New source" }).click();
      await page.getByLabel("Search providers").fill("stripe");
      await page.getByRole("radio", { name: /^Stripe stripe/ }).check();
      await button(page, "Create source").click();
      await page.getByText("Required: Signing secret of the endpoint").waitFor();
      await page.getByLabel("Name", { exact: true }).fill("Shop");
      await page.getByLabel("Signing secret of the endpoint").fill(STRIPE_SECRET);
      await button(page, "Create source").click();
      await heading(page, "Shop");
      await button(page, "Copy URL").click();
      const url = await clipboard(page);
      expect(url).toMatch(new RegExp(`^${group.server.url}/in/[\\w-]{20,}$`));

      await page.getByLabel("URL of a new endpoint").fill(`${receiver.url}/shop`);
      await button(page, "Add endpoint").click();
      await page.getByText("The endpoint has been added.").waitFor();
      await page.getByRole("heading", { name: "No requests yet" }).waitFor();
      const body = '{"id":"evt_ui","type":"charge.succeeded","price":1.0,"big":12345678901234567890}';
      expect((await postStripe({ url: `${url}/shop?a=%20b` }, body, { "x-shop": "one, two" })).status).toBe(200);

      const row = page.getByRole("row").filter({ hasText: "charge.succeeded" });
      await row.getByText("verified", { exact: true }).waitFor();
      expect(await row.textContent()).toContain("POST /shop?a=%20b");
      await row.getByRole("link").click();
      await heading(page, "charge.succeeded");
      await page.getByText("A signature covers the body.").waitFor();
      await page.getByText('"big": 12345678901234567890').waitFor();
      expect(await page.getByText('"price": 1.0,').count()).toBe(1);
      const headers = page.getByRole("region", { name: "Headers" });
      for (const text of ["stripe-signature", "x-shop", "one, two"]) await headers.getByText(text).waitFor();
      await page.getByLabel("Show as").selectOption("text");
      await page.locator("pre").getByText(body, { exact: true }).waitFor();
      await page.getByLabel("Show as").selectOption("hex");
      await page.getByText("00000000  7b 22 69 64").waitFor();

      const attempts = page.getByRole("region", { name: "Attempts" }).getByText(/^2\d\d$/);
      await attempts.first().waitFor();
      await button(page, "Send").click();
      await page.getByText("Sending requested.").waitFor();
      await attempts.nth(1).waitFor();
      for (const received of await receiver.arrived(2)) expect(received.body.toString()).toBe(body);

      await button(page, "Copy as curl").click();
      const command = await clipboard(page);
      for (const part of [`${url}/shop?a=%20b`, "stripe-signature: t=", body]) expect(command).toContain(part);
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "a refused request appears with its cause, and its page shows what arrived and from where",
    async () => {
      const { id, ingestUrl } = await makeSource();
      const { page, errors, outside } = await open(`#/source/${id}`);
      await page.getByRole("heading", { name: "No requests yet" }).waitFor();
      await postStripe({ url: ingestUrl }, stripeEvent(), { "stripe-signature": "t=1,v1=00" });
      await fetch(`${ingestUrl}/x?y=1`, { method: "POST", body: new Uint8Array([0, 255, 60, 62]) });
      await page.getByRole("link", { name: "no signature" }).waitFor();
      await page.getByText("refused 401").first().waitFor();
      expect(await page.getByRole("region", { name: "Requests" }).getByRole("row").count()).toBe(3);
      await page.getByRole("link", { name: "no signature" }).click();
      await heading(page, "Refused: no signature");
      await page.getByText("The request has no signature. Check that the sender signs its requests.").waitFor();
      await page.getByText("POST /x?y=1").waitFor();
      await page.getByText("127.0.0.1", { exact: true }).waitFor();
      await page.getByText("00000000  00 ff 3c 3e").waitFor();
      await page.getByLabel("Show as").selectOption("base64");
      await page.getByText("AP88Pg==", { exact: true }).waitFor();
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "a paused list, and a list under the pointer, keep their rows until the user lets go",
    async () => {
      const { id, ingestUrl } = await makeSource();
      await postStripe({ url: ingestUrl }, stripeEvent({ type: "one" }));
      const { page, errors, outside } = await open(`#/source/${id}`);
      const links = page.getByRole("region", { name: "Requests" }).getByRole("row").getByRole("link");
      await links.getByText("one").waitFor();

      await links.first().hover();
      await postStripe({ url: ingestUrl }, stripeEvent({ type: "two" }));
      await button(page, "1 new request").waitFor();
      expect(await links.allTextContents()).toEqual(["one"]);
      await page.getByRole("heading", { level: 1 }).hover();
      await links.getByText("two").waitFor();
      expect(await links.allTextContents()).toEqual(["two", "one"]);

      await button(page, "Pause").click();
      await postStripe({ url: ingestUrl }, stripeEvent({ type: "three" }));
      await button(page, "1 new request").waitFor();
      expect(await links.count()).toBe(2);
      await button(page, "Resume").click();
      await links.getByText("three").waitFor();
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "a source can be created without its secret, and the secret turns its check on",
    async () => {
      const { page, errors, outside } = await open("#/source/new");
      await page.getByLabel("Search providers").fill("GitHub");
      await page.getByRole("radio", { name: /^GitLab/ }).waitFor({ state: "detached" });
      await page.getByLabel("Search providers").fill("paddle");
      await page
        .getByRole("radio", { name: /^Paddle/ })
        .first()
        .check();
      await page.getByLabel("I get the secret only after").check();
      await button(page, "Create source").click();
      await page.getByText("Nothing is checked.").first().waitFor();
      const id = new URL(page.url()).hash.split("/").at(-1)!;
      expect((await send("GET", `${SOURCES}/${id}`)).json).toMatchObject({ verification: "off", config: {} });

      await page.locator("form").filter({ hasText: "Mode" }).locator("input[type=password]").first().fill("pdl_secret");
      await button(page, "Save").click();
      await page.getByText("Saved.").waitFor();
      const { json } = await send("GET", `${SOURCES}/${id}`);
      expect(json).toMatchObject({ verification: "enforce", config: { secret: "[set]" } });
      expect(await page.content()).not.toContain("pdl_secret");
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "a generic HMAC is created with its columns, and a schedule with its times",
    async () => {
      const { page } = await open("#/source/new");
      await page.getByLabel("Search providers").fill("generic-hmac");
      await page.getByRole("radio", { name: /generic-hmac/ }).check();
      await page.getByLabel("Signature header").fill("X-Sign");
      await page.getByLabel("Hash algorithm").selectOption("sha512");
      await page.getByLabel("Text before the signature").fill("v1=");
      await page.getByLabel("Signing secret").fill("shared");
      await button(page, "Create source").click();
      await button(page, "Copy URL").waitFor();
      const config = async () => {
        const id = new URL(page.url()).hash.split("/").at(-1)!;
        return (await send("GET", `${SOURCES}/${id}`)).json.config;
      };
      expect(await config()).toEqual({ secret: "[set]", header: "X-Sign", algorithm: "sha512", prefix: "v1=" });

      await go(page, "#/source/new");
      await page.getByLabel("Search providers").fill("cron");
      await page.getByRole("radio", { name: /^Schedule/ }).check();
      await page.getByLabel("Five fields, as in cron").fill("61 * * * *");
      await page.getByLabel("Body of the messages").fill('{"run":1.0}');
      await button(page, "Create source").click();
      await page.getByText("Correct the marked fields: schedule.").waitFor();
      await page.getByLabel("Five fields, as in cron").fill("0 9 * * 1-5");
      await button(page, "Create source").click();
      await page.getByText("A schedule has no URL.").waitFor();
      await button(page, "Delete source").waitFor();
      expect(await config()).toMatchObject({ schedule: "0 9 * * 1-5", payload: '{"run":1.0}' });
    },
    TIMEOUT_MS,
  );

  test(
    "a source for a queue is created with its URL, shows why its connection fails, and can be disabled",
    async () => {
      const { page } = await open("#/source/new");
      await page.getByLabel("Search providers").fill("sqs");
      await page.getByRole("radio", { name: /^Amazon SQS/ }).check();
      await page.getByLabel("Queue, as").fill("sqs://KEY:top-secret@eu/1/orders?endpoint=http%3A%2F%2F127.0.0.1%3A1");
      // The page knows only from the provider that the source takes from a queue.
      const provider = Promise.withResolvers<void>();
      await page.route("**/provider/sqs", async (route) => {
        await provider.promise;
        await route.continue();
      });
      await button(page, "Create source").click();
      await page.getByText("The connection was refused. It is tried again.").waitFor();
      expect(await button(page, "Send example").count()).toBe(0);
      provider.resolve();
      expect(await page.getByLabel("Queue, as").inputValue()).toContain("KEY:***@eu");
      expect(await button(page, "Send example").count()).toBe(0);
      expect(await page.content()).not.toContain("top-secret");
      await page.getByLabel("Disabled: nothing is received").check();
      await button(page, "Save settings").click();
      await page.getByText("Nothing is received.", { exact: true }).waitFor();
      await page.getByText("The connection was refused.").waitFor({ state: "detached" });
      await go(page, "#/source");
      await page.getByRole("cell", { name: "disabled" }).first().waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    "the URL can be replaced, and the deletion names what it deletes",
    async () => {
      const { id, ingestUrl, name } = await makeSource();
      await send("POST", `${SOURCES}/${id}/endpoint`, { url: `${group.server.url}/inbox/doomed-inbox` });
      const { page, errors, outside } = await open(`#/source/${id}`);
      await button(page, "Replace URL").click();
      await page.getByLabel("The source gets a new URL.").selectOption({ label: "stop working immediately" });
      await button(page, "Replace").click();
      await page.getByText("The source has a new URL.").waitFor();
      await page.getByText(ingestUrl, { exact: true }).waitFor({ state: "detached" });
      expect((await postStripe({ url: ingestUrl })).status).toBe(404);

      await button(page, "Delete source").click();
      const question = page.getByRole("region", { name: "Delete source" });
      for (const text of [name, "/inbox/doomed-inbox", "404"]) expect(await question.textContent()).toContain(text);
      await button(page, "Delete").click();
      await heading(page, "Sources");
      expect((await send("GET", `${SOURCES}/${id}`)).status).toBe(404);
      // A live event may have reloaded the deleted source before the page changed.
      expect([errors.filter((error) => !error.includes("status of 404")), outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "names, headers, paths, bodies and event types of strangers are shown as text",
    async () => {
      const all = hostileTexts.join("\n");
      const source = await makeSource({ name: hostileTexts.slice(0, 5).join(" "), verification: "record" });
      await send("POST", `${SOURCES}/${source.id}/endpoint`, {
        url: `${group.server.url}/inbox/of-strangers?<img src=x onerror=alert(1)>`,
      });
      const path = new URL(source.ingestUrl).pathname;
      for (const text of hostileTexts) {
        const body = JSON.stringify({ id: text, type: text, text: all });
        await postStripe({ url: source.ingestUrl }, body, { "x-hostile": text.replace(/[^\x20-\x7e]/g, "") });
        await fetch(source.ingestUrl, { method: "POST", body: text, headers: { "content-type": "text/html" } });
        await fetch(source.ingestUrl, { method: "PUT", body: text });
      }
      // A client that does not escape its path.
      const head = [
        `POST ${path}/<img/src=x/onerror=alert(1)>?"'> HTTP/1.1`,
        "host: x",
        "x-'<b>: 1",
        "content-length: 0",
      ];
      using connection = await connectRaw(group.server.url);
      connection.write(`${head.join("\r\n")}\r\n\r\n`);
      await connection.answer();

      const { page, errors, outside } = await open("#/source");
      const injected = page.locator("main :is(script, img, iframe, b, [onload], [onerror], a[href^='javascript'])");
      await page.getByText(hostileTexts[0]!).first().waitFor();
      expect(await injected.count()).toBe(0);

      await go(page, `#/source/${source.id}`);
      const rows = page.getByRole("region", { name: "Requests" }).getByRole("row");
      await rows.getByRole("link").first().waitFor();
      const hashes = await rows
        .getByRole("link")
        .evaluateAll((links) => links.map((link) => link.getAttribute("href")!));
      expect(hashes.length).toBeGreaterThanOrEqual(3 * hostileTexts.length);
      expect(await injected.count()).toBe(0);
      for (const hash of hashes) {
        await go(page, hash);
        await page.getByRole("heading", { name: "Body" }).waitFor();
        await page.getByLabel("Show as").or(page.getByText("Empty body")).first().waitFor();
        expect(await injected.count()).toBe(0);
      }
      await go(page, `#/source/${source.id}`);
      await button(page, "Delete source").click();
      expect(await injected.count()).toBe(0);
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "the pages can be used with the keyboard alone",
    async () => {
      const { id, ingestUrl } = await makeSource();
      await postStripe({ url: ingestUrl }, stripeEvent({ type: "by.keyboard" }));
      const { page } = await open("#/source/new");
      await page.getByLabel("Search providers").focus();
      await page.keyboard.type("stripe");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Space");
      await page.getByRole("heading", { name: "2. Stripe" }).waitFor();

      await go(page, `#/source/${id}`);
      await page.getByRole("link", { name: "by.keyboard" }).waitFor();
      const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
      await button(page, "Pause").focus();
      for (let presses = 0; presses < 5 && (await focused()) !== "by.keyboard"; presses++)
        await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await heading(page, "by.keyboard");
    },
    TIMEOUT_MS,
  );

  test(
    "no page of sources is wider than a screen of 320 pixels",
    async () => {
      const long = "x".repeat(300);
      const source = await makeSource({ name: long, verification: "record" });
      await send("POST", `${SOURCES}/${source.id}/endpoint`, {
        url: `${group.server.url}/inbox/of-long-names?${long}`,
      });
      await postStripe(
        { url: `${source.ingestUrl}/${long}?${long}` },
        stripeEvent({ type: long.slice(0, 200), long }),
        { "x-long": long },
      );
      await fetch(`${source.ingestUrl}/${long}`, { method: "PUT", body: long });
      const { page, errors, outside } = await open(`#/source/${source.id}`, PHONE);
      const links = page.getByRole("region", { name: "Requests" }).getByRole("row").getByRole("link");
      await links.nth(1).waitFor();
      const hashes = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")!));
      for (const hash of ["#/source", "#/source/new", `#/source/${source.id}`, ...hashes]) {
        await go(page, hash);
        await page.locator("main h1").waitFor();
        await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
        if (hash === "#/source/new") await page.getByRole("radio").first().check();
        const excess = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
        expect([hash, await page.evaluate(excess)]).toEqual([hash, 0]);
      }
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "the guide's page of providers is linked from a new source, and its search finds a provider by an alias",
    async () => {
      const { page, errors, outside } = await open("#/source/new");
      await page.getByRole("link", { name: "All providers" }).click();
      await heading(page, "Providers");
      const count = page.locator("#provider-count");
      const all = (await page.locator(".providers > li").count()) as number;
      expect(await count.textContent()).toBe(`${all} providers`);
      await page.getByLabel("Search providers").fill("whatsapp");
      await page.getByText("1 provider", { exact: true }).waitFor();
      expect(await page.locator(".providers > li:visible h2").allTextContents()).toHaveLength(1);
      await page.getByLabel("Search providers").fill("");
      await page.goto(`${group.server.url}/docs/guide/providers#stripe`);
      expect(await page.locator("article:target h2").textContent()).toBe("Stripe");
      expect([errors, outside]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "the settings of a source are changed, with problems at their fields, and take effect",
    async () => {
      const { page, errors } = await open("#/");
      const source = await makeSource();
      await go(page, `#/source/${source.id}`);
      await heading(page, source.name);
      const settings = page.getByRole("region", { name: "Settings" });
      const save = settings.getByRole("button", { name: "Save settings" });
      expect(await save.isDisabled()).toBe(true);

      await settings.getByLabel("Name", { exact: true }).fill(" ");
      await settings.getByLabel("Event type").fill("$.kind[");
      await settings.getByLabel("Response to the sender").last().selectOption("own");
      await settings.getByLabel("Status").fill("404");
      await settings.getByLabel("Remembered for seconds").fill("0");
      await settings.getByLabel("Maximum messages per second").fill("many");
      await save.click();
      await settings.getByText("Correct the marked fields.").waitFor();
      const marked = async () => {
        const inputs = await settings.locator("[aria-invalid=true]").all();
        const names = inputs.map((input) => input.evaluate((node: HTMLInputElement) => node.labels?.[0]?.textContent));
        return Promise.all(names);
      };
      expect(await marked()).toContain("Maximum messages per second (optional)");
      expect(await marked()).toContain("Name");
      await settings.getByLabel("Maximum messages per second").fill("500");
      await settings.getByLabel("Name", { exact: true }).fill("Shop EU");
      await save.click();
      await settings.getByText(/Must be an integer from 1 to/).waitFor();
      expect(await marked()).toEqual(["Event type (optional)", "Status", "Remembered for seconds"]);

      await settings.getByLabel("Event type").fill("$.type");
      await settings.getByLabel("Status").fill("202");
      await settings.getByLabel("Response headers").fill("X-Answer: yes");
      await settings.getByLabel("Response body").fill("thanks");
      await settings.getByLabel("Duplicates").last().selectOption({ label: "store all" });
      await settings.getByLabel("Metadata").fill('{"team":"billing"}');
      await save.click();
      await settings.getByText("Saved.").waitFor();
      await heading(page, "Shop EU");

      const body = stripeEvent();
      for (let times = 0; times < 2; times++) {
        const answer = await postStripe({ url: source.ingestUrl }, body);
        expect([answer.status, answer.headers.get("x-answer"), await answer.text()]).toEqual([202, "yes", "thanks"]);
      }
      await page.getByText("2 stored").waitFor();
      const { json } = await send("GET", `${SOURCES}/${source.id}`);
      expect(json).toMatchObject({ ingestRate: 500, deduplicate: null, metadata: { team: "billing" } });
      await page.setViewportSize(PHONE);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the deliveries of a source are paused and resumed, and an endpoint is removed with its pending deliveries",
    async () => {
      const { page, errors } = await open("#/");
      const source = await makeSource();
      const urls = ["/one", "/two"].map((path) => `https://example.com${path}`);
      for (const url of urls) await send("POST", `${SOURCES}/${source.id}/endpoint`, { url });
      await go(page, `#/source/${source.id}`);
      await heading(page, source.name);
      await button(page, "Pause deliveries").click();
      await page.getByText(/Pause 2 endpoints\? The source goes on receiving/).waitFor();
      await button(page, "Pause 2 endpoints").click();
      await button(page, "Resume 2 endpoints").waitFor();
      expect((await postStripe({ url: source.ingestUrl }, stripeEvent())).status).toBe(200);
      const item = page.getByRole("listitem").filter({ hasText: urls[1]! });
      await item.getByRole("button", { name: "Resume" }).click();
      await item.getByRole("button", { name: "Pause" }).click();
      await item.getByRole("button", { name: "Resume" }).waitFor();

      const other = page.getByRole("listitem").filter({ hasText: urls[0]! });
      await other.getByRole("button", { name: "Remove" }).click();
      await other.getByText(/Remove 1 endpoint, .*1 pending delivery is cancelled/).waitFor();
      await other.getByRole("button", { name: "Remove endpoint" }).click();
      await other.waitFor({ state: "detached" });
      await button(page, "Resume 1 endpoint").click();
      await button(page, "Pause deliveries").waitFor();
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
