import { afterEach, beforeAll, expect, test } from "bun:test";
import type { BrowserContext, Frame, Page } from "playwright-core";
import { describeInBrowser, BROWSER_TIMEOUT_MS as TIMEOUT_MS, watch } from "../support/browser.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { startSocketReceiver } from "../support/socket-receiver.ts";

const PHONE = { width: 375, height: 700 };
const options = { args: ["--allow-subnets=127.0.0.0/8"], env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN } };

describeInBrowser("portal in a browser", options, (group) => {
  const contexts: BrowserContext[] = [];
  let send: Send;

  beforeAll(async () => {
    send = clientOf(group.server.url);
    for (const [name, description] of [
      ["invoice.paid", "An invoice has been paid."],
      ["invoice.overdue", "An invoice was not paid in time."],
      ["user.signup", "Somebody has signed up."],
    ]) {
      const schemas = { "1": { type: "object", properties: { id: { type: "string", examples: ["inv_204"] } } } };
      await must("POST", "/event-type", { name, description, schemas });
    }
  }, TIMEOUT_MS);

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  /** Opens a page in a new context. */
  async function open(url: string, viewport = { width: 1280, height: 800 }) {
    const context = await group.browser.newContext({ viewport });
    contexts.push(context);
    const page = await context.newPage();
    const watched = watch(page, group.server.url, "status of 401");
    await page.goto(url);
    return { page, ...watched };
  }

  interface Link {
    readonly app: string;
    readonly url: string;
    readonly token: string;
  }

  async function link(sent: object = {}): Promise<Link> {
    const app = await makeApplication(send);
    const { json } = await send("POST", `/auth/app-portal-access/${app}`, sent);
    return { app, url: json.url, token: json.token };
  }

  async function must(method: string, path: string, body?: unknown) {
    const { status, json, text } = await send(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return json;
  }

  const makeEndpoint = (app: string, more: object = {}) =>
    must("POST", `/app/${app}/endpoint`, { uid: "one", url: `${group.server.url}/inbox/${app}`, ...more });
  const sendMessage = (app: string, eventType: string, payload: string) =>
    must("POST", `/app/${app}/msg`, `{"eventType":"${eventType}","payload":${payload}}`);

  const heading = (where: Page | Frame, name: string) => where.getByRole("heading", { level: 1, name }).waitFor();
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

  test(
    "a user who adds an endpoint at a blocked address sees a warning",
    async () => {
      const { page, outside, errors } = await open((await link()).url);
      await page.getByRole("link", { name: "Add endpoint" }).click();
      await page.getByLabel("URL").fill("http://192.168.0.1/");
      await button(page, "Add endpoint").click();
      await heading(page, "Endpoint added");
      await page.getByRole("alert").getByText("The address 192.168.0.1 is not public").waitFor();
      expect([outside, errors]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "the links of the header stand in one line at its end, with space between them",
    async () => {
      const { page } = await open((await link()).url);
      const header = page.getByRole("banner");
      const boxes = [];
      for (const name of ["Endpoints", "Event types"]) {
        boxes.push((await header.getByRole("link", { name, exact: true }).boundingBox())!);
      }
      const [first, second] = boxes as [(typeof boxes)[number], (typeof boxes)[number]];
      const whose = (await header.getByText("Webhooks", { exact: true }).boundingBox())!;
      const middle = ({ y, height }: typeof whose) => y + height / 2;
      expect(second.y).toBe(first.y);
      expect(second.x - (first.x + first.width)).toBeGreaterThan(4);
      expect(first.x - (whose.x + whose.width)).toBeGreaterThan(200);
      expect(Math.abs(middle(first) - middle(whose))).toBeLessThan(4);
    },
    TIMEOUT_MS,
  );

  test(
    "the attempts of a message show the note about a malformed response",
    async () => {
      await using receiver = await startSocketReceiver((socket) =>
        socket.write("HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 2\r\n\r\nok"),
      );
      const { app, url } = await link();
      await makeEndpoint(app, { url: receiver.url });
      await sendMessage(app, "invoice.paid", "{}");
      const { page, errors } = await open(url);
      await page.getByRole("link", { name: receiver.url }).click();
      const row = page.getByRole("row").filter({ hasText: "invoice.paid" });
      await row.getByRole("link").click();
      const attempts = page.getByRole("region", { name: "Attempts" });
      await attempts.getByText("A malformed header line was ignored.").waitFor();
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a user can add an endpoint, see a message that it receives, and resend the message",
    async () => {
      const { app, url } = await link();
      const { page, outside, errors } = await open(url);
      await page.getByRole("heading", { name: "No endpoints yet" }).waitFor();
      await page.getByRole("link", { name: "Add endpoint" }).click();

      await button(page, "Add endpoint").click();
      await page.getByText("URL must be an address such as https://example.com/webhooks.").waitFor();
      expect(await page.getByLabel("URL").evaluate((field) => field === document.activeElement)).toBe(true);
      await page.getByLabel("URL").fill(`${group.server.url}/inbox/${app}`);
      await page.getByLabel("Only selected ones").check();
      await page.getByLabel("Search event types").fill("invoice paid");
      await page.getByLabel("invoice.paid").check();
      await button(page, "Add endpoint").click();
      await heading(page, "Endpoint added");
      const { data } = await must("GET", `/app/${app}/endpoint`);
      expect(data).toMatchObject([{ url: `${group.server.url}/inbox/${app}`, eventTypes: ["invoice.paid"] }]);
      const { key } = await must("GET", `/app/${app}/endpoint/${data[0].id}/secret`);
      await page.getByText(key, { exact: true }).waitFor();

      await page.getByRole("link", { name: "Go to endpoint" }).click();
      await page.getByRole("heading", { name: "No messages yet" }).waitFor();
      await sendMessage(
        app,
        "invoice.paid",
        '{"price":1.0,"big":12345678901234567890,"m":"<img src=x onerror=alert(1)>"}',
      );
      const row = page.getByRole("row").filter({ hasText: "invoice.paid" });
      await row.getByText("delivered").waitFor();
      await row.getByRole("link").click();
      await heading(page, "invoice.paid");
      await page.getByText('"price": 1.0,').waitFor();
      expect(await page.getByText('"big": 12345678901234567890').count()).toBe(1);
      expect(await page.locator("main img").count()).toBe(0);

      const attempts = page.getByRole("region", { name: "Attempts" }).getByText("200", { exact: true });
      await attempts.first().waitFor();
      await page.getByRole("button", { name: /^Resend to / }).click();
      await page.getByRole("status").getByText("Resend requested").waitFor();
      await attempts.nth(1).waitFor();
      await page.getByText("manual").first().waitFor();
      expect([outside, errors]).toEqual([[], []]);
    },
    TIMEOUT_MS,
  );

  test(
    "the token and the secret do not remain in the page, the URL or storage, and a reload keeps the session",
    async () => {
      const { app, url, token } = await link();
      await makeEndpoint(app);
      const { page, errors } = await open(`${url}&next=/endpoints/one/settings`);
      const { key } = await must("GET", `/app/${app}/endpoint/one/secret`);
      await button(page, "Reveal").waitFor();
      expect(page.url()).toBe(`${group.server.url}/portal/#/endpoints/one/settings`);
      expect(await page.content()).not.toContain(token);
      expect(await page.content()).not.toContain(key);
      expect(await page.evaluate(() => sessionStorage.length + localStorage.length + document.cookie.length)).toBe(0);

      await page.reload();
      await button(page, "Reveal").click();
      await page.getByText(key, { exact: true }).waitFor();
      await button(page, "Hide").click();
      expect(await page.content()).not.toContain(key);
      await page.getByRole("link", { name: "Deliveries" }).click();
      await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a user can edit, pause, disable and delete an endpoint, change its headers and rotate its secret",
    async () => {
      const { app, url } = await link();
      await makeEndpoint(app, { headers: { Authorization: "secret-of-the-gateway" } });
      const endpoint = () => must("GET", `/app/${app}/endpoint/one`);
      const { page, errors } = await open(`${url}&next=/endpoints/one/settings`);

      await page.getByLabel("Description").fill("The books");
      await page.getByText("More options").click();
      await page.getByLabel("Channels").fill("eu, us,eu");
      await page.getByLabel("Maximum attempts per second").fill("5");
      await button(page, "Save").click();
      await page.getByText("Saved.").waitFor();
      expect(await endpoint()).toMatchObject({ description: "The books", channels: ["eu", "us"], throttleRate: 5 });

      await button(page, "Pause").click();
      await button(page, "Resume").waitFor();
      expect((await endpoint()).paused).toBe(true);
      await button(page, "Disable").click();
      await page.getByText("This endpoint is disabled.").waitFor();
      await button(page, "Enable").click();
      await button(page, "Disable").waitFor();

      expect(await page.content()).not.toContain("secret-of-the-gateway");
      await page.getByLabel("Name").fill("X-Tier");
      await page.getByLabel("Value").fill("gold");
      await button(page, "Add header").click();
      await button(page, "Remove X-Tier").waitFor();
      await button(page, "Remove Authorization").click();
      await page.getByText("Authorization is no longer sent.").waitFor();
      expect(await must("GET", `/app/${app}/endpoint/one/headers`)).toEqual({
        headers: { "X-Tier": "gold" },
        sensitive: [],
      });

      const secret = async () => (await must("GET", `/app/${app}/endpoint/one/secret`)).key;
      const before = await secret();
      await button(page, "Rotate secret").click();
      await page
        .getByLabel("Webhooks will be signed with a new secret.")
        .selectOption({ label: "keeps working for a week" });
      await button(page, "Rotate").click();
      await page.getByText("The secret has been rotated.").waitFor();
      const after = await secret();
      expect(after).not.toBe(before);
      await page.getByText(after, { exact: true }).waitFor();

      await button(page, "Delete endpoint").click();
      await button(page, "Cancel").click();
      await button(page, "Delete endpoint").click();
      await button(page, "Delete").click();
      await page.getByRole("heading", { name: "No endpoints yet" }).waitFor();
      expect((await send("GET", `/app/${app}/endpoint/one`)).status).toBe(404);
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "saving the form sends only the edited fields, so that changes by others are kept",
    async () => {
      const { app, url } = await link();
      await makeEndpoint(app, { channels: ["eu", "us"] });
      const endpoint = () => must("GET", `/app/${app}/endpoint/one`);
      const { page, errors } = await open(`${url}&next=/endpoints/one/settings`);
      const sent: unknown[] = [];
      page.on("request", (request) => {
        if (request.method() === "PATCH") sent.push(request.postDataJSON());
      });
      const save = async () => {
        const responded = page.waitForResponse((response) => response.request().method() === "PATCH");
        await button(page, "Save").click();
        await responded;
        await page.getByText("Saved.").waitFor();
        return sent.splice(0);
      };

      await page.getByLabel("Channels").fill("us, eu");
      await button(page, "Save").click();
      await page.getByText("Saved.").waitFor();
      expect(sent).toEqual([]);

      await must("PATCH", `/app/${app}/endpoint/one`, { throttleRate: 7, channels: ["asia"] });
      await page.getByLabel("Description").fill("The books");
      expect(await save()).toEqual([{ description: "The books" }]);
      expect(await endpoint()).toMatchObject({ description: "The books", throttleRate: 7, channels: ["asia"] });

      await page.getByLabel("Description").fill("");
      expect(await save()).toEqual([{ description: "" }]);
      expect((await endpoint()).description).toBe("");
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "messages can be filtered by state and paged through, and failed messages can be resent",
    async () => {
      const { app, url } = await link();
      await makeEndpoint(app, { url: `${group.server.url}/inbox/${app}?status=500`, retrySchedule: [] });
      for (let i = 0; i < 21; i++) await sendMessage(app, "user.signup", `{"i":${i}}`);
      const { page, errors } = await open(`${url}&next=/endpoints/one`);
      const rows = page.getByRole("region", { name: "Messages" }).locator("tbody tr");
      await rows.nth(19).waitFor();
      await button(page, "Next").click();
      await page.getByText("Page 2").waitFor();
      await rows.first().waitFor();
      expect(await rows.count()).toBe(1);
      await button(page, "Previous").click();
      await rows.nth(19).waitFor();

      await page.getByLabel("Show messages").selectOption("failed");
      await rows.getByText("server error (5xx)").nth(19).waitFor();
      await page.getByLabel("Show messages").selectOption("cancelled");
      await page.getByRole("heading", { name: "No messages in this state" }).waitFor();

      await must("PATCH", `/app/${app}/endpoint/one`, { url: `${group.server.url}/inbox/${app}` });
      await button(page, "Resend failed").click();
      await page.getByText("Started. The messages will be sent").waitFor();
      await page.getByLabel("Show messages").selectOption("delivered");
      await rows.nth(19).waitFor();
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a customer tests a filter on stored messages and saves it",
    async () => {
      const { app, url } = await link({});
      await makeEndpoint(app);
      for (const amount of [5, 15]) await sendMessage(app, "invoice.paid", JSON.stringify({ amount }));
      const { page, errors } = await open(url);
      await page.evaluate(() => {
        location.hash = "#/endpoints/one/settings";
      });
      const section = page.getByRole("region", { name: "Filter", exact: true });
      await section.getByLabel("Filter as JSON").fill('{"payload": {"amount": {"$gt": 10}}}');
      await section.getByRole("button", { name: "Test on stored messages" }).click();
      await section.getByText("Of the last 2 messages, 1 matches.").waitFor();
      await section.getByText("payload.amount: 5 is not > 10").waitFor();
      await section.getByRole("button", { name: "Save filter" }).click();
      await section.getByText("Saved.", { exact: true }).waitFor();
      await page.reload();
      expect(await section.getByLabel("Filter as JSON").inputValue()).toContain('"$gt": 10');
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a read-only link shows everything but secrets, without controls that change anything",
    async () => {
      const { app, url } = await link({ capabilities: ["ViewBase"] });
      await makeEndpoint(app);
      const { id } = await sendMessage(app, "invoice.paid", '{"id":"inv_1"}');
      const { page, errors } = await open(url);
      const harmless = ["Skip to content", "Log out", "Details", "Copy", "Download", "Previous", "Next"];
      for (const [address, sign] of [
        ["#/endpoints", "The URLs that your webhooks are sent to."],
        ["#/endpoints/one", "invoice.paid"],
        ["#/endpoints/one/settings", "Your link does not allow you to see the secret."],
        [`#/endpoints/one/messages/${id}`, '"id": "inv_1"'],
        ["#/endpoints/new", "Your link does not allow you to add endpoints"],
        ["#/event-types", "Somebody has signed up."],
      ] as const) {
        await page.evaluate((hash) => {
          location.hash = hash;
        }, address);
        await page.getByText(sign).first().waitFor();
        const buttons = await page.getByRole("button").allTextContents();
        expect(buttons.filter((text) => !harmless.includes(text))).toEqual([]);
        expect(await page.locator("main input:not([type=search])").count()).toBe(0);
        expect(await page.getByRole("link", { name: "Add endpoint" }).count()).toBe(0);
        expect(await page.content()).not.toContain("whsec_");
      }
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "without a link, or with a malformed, wrong or expired link, the portal explains what to do",
    async () => {
      for (const [hash, title] of [
        ["", "Open this page with a link"],
        ["#key=broken", "This link has expired"],
        [`#key=${btoa(JSON.stringify({ token: ROOT_TOKEN }))}`, "This link cannot be used here"],
      ] as const) {
        const { page } = await open(`${group.server.url}/portal/${hash}`);
        await heading(page, title);
        expect(page.url()).toBe(`${group.server.url}/portal/`);
      }

      const { app, url } = await link();
      const { page, errors } = await open(url);
      await heading(page, "Endpoints");
      await must("POST", `/auth/app/${app}/expire-all`, {});
      await heading(page, "This link has expired");
      await page.reload();
      await heading(page, "Open this page with a link");
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "logging out revokes the token",
    async () => {
      const { app, url, token } = await link();
      const { page } = await open(url);
      await button(page, "Log out").click();
      await heading(page, "You are logged out");
      expect((await send("GET", `/app/${app}`, undefined, { token })).status).toBe(401);
      await page.goBack().catch(() => null);
      await page.goto(`${group.server.url}/portal/`);
      await heading(page, "Open this page with a link");
    },
    TIMEOUT_MS,
  );

  test(
    "after an unconfirmed logout, going back does not restore the session, but opening the link does",
    async () => {
      const { app, url, token } = await link();
      await makeEndpoint(app);
      const { page } = await open(url);
      await page.getByRole("link", { name: `${group.server.url}/inbox/${app}` }).click();
      await page.getByRole("link", { name: "Settings" }).click();
      await button(page, "Reveal").waitFor();
      await page.route("**/auth/logout", (route) => route.abort());
      await button(page, "Log out").click();
      await heading(page, "You are logged out in this browser");

      // Leaves the page. The next document then loads a history entry that the previous one could
      // not clear.
      await page.goto(`${group.server.url}/nowhere`);
      await page.evaluate(() => history.go(-2));
      await heading(page, "Open this page with a link");
      expect(await page.evaluate(() => history.state)).toBeNull();

      await page.goBack();
      await page.waitForFunction(() => location.hash === "#/endpoints" && history.state === null);
      await heading(page, "Open this page with a link");
      await page.reload();
      await heading(page, "Open this page with a link");
      expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain(token);

      await page.goto(url);
      await heading(page, "Endpoints");
    },
    TIMEOUT_MS,
  );

  test(
    "the portal works in a frame of another site, uses that site's colours and font, and reports its height",
    async () => {
      const { app, url } = await link();
      await makeEndpoint(app);
      const source = url.replace("#", "?darkMode=true&primaryColor=ff6a00&fontFamily=Georgia#");
      await using site = embedding(source);
      const { page, errors } = await open(site.url);
      const frame = page.frameLocator("iframe");
      await frame.getByRole("link", { name: `${group.server.url}/inbox/${app}` }).click();
      await frame.getByRole("button", { name: "Pause", exact: true }).click();
      await frame.getByRole("button", { name: "Resume", exact: true }).waitFor();

      const root = frame.locator(":root");
      expect(await root.evaluate((element) => getComputedStyle(element).colorScheme)).toBe("dark");
      expect(await root.evaluate((element) => getComputedStyle(element).fontFamily)).toStartWith("Georgia,");
      await frame.getByRole("link", { name: "Settings" }).click();
      const save = frame.getByRole("button", { name: "Save", exact: true });
      expect(await save.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe("rgb(255, 106, 0)");

      const heights = await page.evaluate(() => (window as unknown as { heights: number[] }).heights);
      expect(heights.length).toBeGreaterThan(0);
      expect(heights.every((height) => Number.isInteger(height))).toBe(true);
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a site that frames the portal without a link gets no session, even if one is open in the same tab",
    async () => {
      const { url } = await link();
      // Browsers partition storage by site. Another port of the same host is the same site.
      for (const host of ["127.0.0.1", "localhost"]) {
        const { page } = await open(url);
        await heading(page, "Endpoints");
        await using site = embedding(`${group.server.url}/portal/`, host);
        await page.goto(site.url);
        await page.frameLocator("iframe").getByRole("heading", { name: "Open this page with a link" }).waitFor();
        await page.goBack();
        await heading(page, "Endpoints");
      }
    },
    TIMEOUT_MS,
  );

  test(
    "no portal page is wider than the screen of a phone",
    async () => {
      const { app, url } = await link();
      const path = `a-${"very-".repeat(20)}long-path`;
      await makeEndpoint(app, { url: `${group.server.url}/inbox/${app}?${path}`, description: "x".repeat(200) });
      const { id } = await sendMessage(app, "invoice.paid", JSON.stringify({ text: "x".repeat(500) }));
      const { page, errors } = await open(url, PHONE);
      for (const address of ["", "/new", "/one", "/one/settings", `/one/messages/${id}`]) {
        await page.goto(`${group.server.url}/portal/#/endpoints${address}`);
        await page.locator("main h1").waitFor();
        await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
        const excess = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
        expect(await page.evaluate(excess)).toBeLessThanOrEqual(0);
      }
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "the catalogue shows event types with an example and the schema",
    async () => {
      const { url } = await link();
      const { page, errors } = await open(`${url}&next=/event-types`);
      await page.getByLabel("Search event types").fill("overdue");
      await page.getByText("1 event type", { exact: true }).waitFor();
      await page.getByText("invoice.overdue", { exact: true }).click();
      await page.getByRole("heading", { name: "Example" }).waitFor();
      expect(await page.locator("pre").first().textContent()).toContain('"inv_204"');
      expect(await page.locator("pre").nth(1).textContent()).toContain('"properties"');
      expect(errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

/**
 * Serves a page of another origin that embeds `source` in a frame, with the strictest isolation
 * headers.
 */
function embedding(source: string, host = "localhost"): { readonly url: string } & AsyncDisposable {
  const html = `<!doctype html><title>A site</title>
    <script>
      window.heights = [];
      addEventListener("message", ({ data }) => {
        if (data.type === "svix.iframe-resizer-height") heights.push(data.payload.height);
      });
    </script>
    <iframe src="${source.replaceAll("&", "&amp;")}" width="1000" height="700" allow="clipboard-write"></iframe>
    <link rel="icon" href="data:," />`;
  const headers = {
    "content-type": "text/html",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
  };
  const site = Bun.serve({ hostname: host, port: 0, fetch: () => new Response(html, { headers }) });
  return { url: `http://${host}:${site.port}/`, [Symbol.asyncDispose]: () => site.stop(true) };
}
