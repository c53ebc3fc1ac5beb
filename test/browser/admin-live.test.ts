import { beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { BROWSER_TIMEOUT_MS, callerOf, describeInBrowser, logInWith, watch } from "../support/browser.ts";

/** Lists of the admin page: their filters, their place, and what live updates do to them. */

/** More customers than one page of their list has. */
const CUSTOMERS = 55;
/** Messages that are sent under load. */
const LOAD = 5_000;
/** Messages that are sent at the same time under load. */
const BATCH = 20;
const TOKEN = "root-token-of-the-test-of-live-lists-12345";

describeInBrowser("lists of the admin page", { env: { BOATHOOK_ROOT_TOKEN: TOKEN } }, (group) => {
  const ids = { acme: "", bolt: "", endpoint: "" };

  const call = callerOf(group, TOKEN);

  const send = (app: string, eventType: string, payload: unknown = {}) =>
    call("POST", `/app/${app}/msg`, { eventType, payload });

  beforeAll(async () => {
    ids.acme = (await call("POST", "/app", { name: "Acme Ltd", uid: "acme" })).id;
    ids.bolt = (await call("POST", "/app", { name: "Bolt & Nut <b>", uid: "bolt" })).id;
    const url = `${group.server.url}/inbox/acme-orders`;
    ids.endpoint = (await call("POST", "/app/acme/endpoint", { url })).id;
    await call("POST", "/app/bolt/endpoint", { url: `${group.server.url}/inbox/bolt-orders` });
    await call("POST", "/event-type", { name: "invoice.paid", description: "An invoice was paid" });
    await send("acme", "invoice.paid");
    await send("bolt", "order.created");
    for (const name of ["one", "two"]) {
      await call("POST", "/management/authentication/default/api-token", { name });
      await call("POST", "/app/acme/msg/expunge-all-contents");
      await call("POST", "/ingest/api/v1/source", { name, type: "generic-webhook" });
    }
    for (let number = 1; number <= CUSTOMERS; number++) await call("POST", "/app", { name: `Customer ${number}` });
  }, BROWSER_TIMEOUT_MS);

  async function open(address: string, viewport = { width: 1280, height: 800 }) {
    const context = await group.browser.newContext({ viewport });
    const page = await context.newPage();
    const { errors } = watch(page, group.server.url);
    await page.goto(`${group.server.url}/ui/`);
    await logInWith(page, TOKEN);
    await page.getByRole("navigation", { name: "Main", includeHidden: true }).waitFor({ state: "attached" });
    await show(page, address);
    return { page, errors, [Symbol.asyncDispose]: () => context.close() };
  }

  async function show(page: Page, hash: string): Promise<void> {
    await page.evaluate((to) => {
      location.hash = to;
    }, hash);
    await page.locator("main h1").first().waitFor({ state: "attached" });
  }

  /** Waits until an input shows a text with this end. */
  const showsValue = (page: Page, end: string) =>
    page.waitForFunction(
      (text) => [...document.querySelectorAll("input")].some(({ value }) => value.endsWith(text)),
      end,
    );

  test(
    "a customer is chosen by a part of the name with the keyboard, and the address has the id",
    async () => {
      await using opened = await open("#/msg");
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Customer" });
      await page.getByRole("cell", { name: "order.created" }).waitFor();
      await input.pressSequentially("acm");
      await page.getByRole("option", { name: "Acme Ltd" }).waitFor();
      await page.keyboard.press("Enter");
      await page.waitForFunction((id) => location.hash.includes(`app_id=${id}`), ids.acme);
      expect(await input.inputValue()).toBe("Acme Ltd");
      await page.getByRole("cell", { name: "order.created" }).waitFor({ state: "detached" });
      // Another visitor of the link sees the name too.
      await page.reload();
      await showsValue(page, "Acme Ltd");
      await page.getByRole("button", { name: "Remove filter Customer" }).click();
      await page.getByRole("cell", { name: "order.created" }).waitFor();
      expect(await page.evaluate(() => location.hash)).toBe("#/msg");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "Escape closes the options without a choice, and an emptied input removes the filter",
    async () => {
      await using opened = await open(`#/msg?app_id=${"app_unknown"}`);
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Customer" });
      // A value without a name, here of no customer, is shown as it is.
      expect(await input.inputValue()).toBe("app_unknown");
      await input.click();
      await page.getByRole("option", { name: `Customer ${CUSTOMERS}` }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Escape");
      expect(await page.getByRole("listbox").count()).toBe(0);
      expect(await page.evaluate(() => location.hash)).toContain("app_unknown");
      await input.fill("");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => location.hash === "#/msg");
      await page.getByRole("cell", { name: "order.created" }).waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "an event type is suggested by its description, and one that is not registered can be entered",
    async () => {
      await using opened = await open("#/msg");
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Event type" });
      await input.pressSequentially("was paid");
      await page.getByRole("option", { name: "invoice.paid" }).click();
      await page.waitForFunction(() => location.hash.includes("event_types=invoice.paid"));
      await page.getByRole("cell", { name: "order.created" }).waitFor({ state: "detached" });
      await input.fill("order.created");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => location.hash.includes("event_types=order.created"));
      await page.getByRole("cell", { name: "order.created" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "the options fit on a screen of 320 px, and an endpoint is chosen by its URL",
    async () => {
      await using opened = await open("#/dead-letter", { width: 320, height: 640 });
      const { page } = opened;
      const input = page.getByRole("combobox", { name: "Endpoint" });
      expect(await input.count()).toBe(0);
      await page.getByRole("button", { name: "Filters" }).click();
      await input.pressSequentially("acme-orders");
      const option = page.getByRole("option", { name: "acme-orders" });
      await option.waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await option.click();
      await page.waitForFunction((id) => location.hash.includes(`endpoint_id=${id}`), ids.endpoint);
      await page.reload();
      await showsValue(page, "/inbox/acme-orders");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  const rowsOf = (page: Page) => page.locator("main tbody tr");
  const hash = (page: Page) => page.evaluate(() => location.hash);
  /** Returns what has the focus: the tag and the text or value. */
  const focused = (page: Page) =>
    page.evaluate(() => {
      const { activeElement: at } = document;
      return `${at?.tagName} ${at instanceof HTMLInputElement ? at.value : (at?.textContent ?? "").slice(0, 30)}`;
    });

  test(
    "rows under the pointer keep their places and get their new state, and new ones are announced",
    async () => {
      await call("POST", "/environment/pause");
      await send("acme", "held.first");
      await using opened = await open("#/msg?app_id=acme");
      const { page } = opened;
      const first = rowsOf(page).first();
      await first.getByRole("link", { name: "held.first" }).waitFor();
      await first.getByText("pending", { exact: true }).waitFor();
      await first.hover();
      const place = await first.boundingBox();
      for (const type of ["held.second", "held.third"]) await send("acme", type);
      const show = page.getByRole("button", { name: "2 new messages" });
      await show.waitFor();
      await call("POST", "/environment/resume");
      await first.getByText("delivered", { exact: true }).waitFor();
      expect([await first.getByRole("link").textContent(), await first.boundingBox()]).toEqual(["held.first", place]);

      await show.click();
      await first.getByRole("link", { name: "held.third" }).waitFor();
      expect(await focused(page)).not.toStartWith("BODY");
      await show.waitFor({ state: "detached" });

      await page.getByRole("button", { name: "Pause" }).click();
      await send("acme", "held.fourth");
      await page.getByRole("button", { name: "1 new message" }).waitFor();
      expect(await first.getByRole("link").textContent()).toBe("held.third");
      await page.getByRole("button", { name: "Resume" }).click();
      await first.getByRole("link", { name: "held.fourth" }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "rows of the sources and of a customer's messages keep their places under the pointer",
    async () => {
      await using opened = await open("#/source");
      const { page } = opened;
      const first = rowsOf(page).first();
      const expectHeld = async (add: () => Promise<unknown>, button: string, fresh: string) => {
        await first.hover();
        const [place, text] = [await first.boundingBox(), await first.getByRole("link").textContent()];
        await add();
        const show = page.getByRole("button", { name: button });
        await show.waitFor();
        expect([await first.getByRole("link").textContent(), await first.boundingBox()]).toEqual([text, place]);
        await show.click();
        await first.getByRole("link", { name: fresh }).waitFor();
      };
      await first.getByRole("link", { name: "two" }).waitFor();
      const source = { name: "held source", type: "generic-webhook" };
      await expectHeld(() => call("POST", "/ingest/api/v1/source", source), "1 new source", "held source");
      await show(page, `#/app/${ids.bolt}?tab=messages`);
      await first.getByRole("link", { name: "order.created" }).waitFor();
      await expectHeld(() => send("bolt", "held.of.bolt"), "1 new message", "held.of.bolt");
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "rows that no longer match stay until the user updates the list",
    async () => {
      await call("POST", "/environment/pause");
      await send("acme", "soon.gone");
      await using opened = await open("#/msg?app_id=acme&state=pending");
      const { page } = opened;
      const link = page.getByRole("link", { name: "soon.gone" });
      await link.focus();
      await call("POST", "/environment/resume");
      const update = page.getByRole("button", { name: "1 no longer here" });
      await update.waitFor();
      expect(await focused(page)).toBe("A soon.gone");
      await update.click();
      await page.getByText("No message matches").waitFor();
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "going back to a list shows the page and the position where the user left it",
    async () => {
      await using opened = await open("#/app", { width: 1280, height: 400 });
      const { page } = opened;
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("Page 2").waitFor();
      expect(await focused(page)).not.toStartWith("BODY");
      await page.getByRole("button", { name: "Previous" }).click();
      await page.getByText("Page 1").waitFor();
      const link = page.getByRole("link", { name: "Customer 20", exact: true });
      await link.scrollIntoViewIfNeeded();
      const left = await page.evaluate(() => scrollY);
      expect(left).toBeGreaterThan(100);
      await link.click();
      await page.waitForFunction(() => location.hash !== "#/app");
      await page.goBack();
      await page.waitForFunction((y) => scrollY === y, left);

      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("Page 2").waitFor();
      await page.getByRole("link", { name: "Acme Ltd" }).click();
      await page.waitForFunction(() => location.hash !== "#/app");
      await page.goBack();
      await page.getByText("Page 2").waitFor();
      await page.getByRole("link", { name: "Acme Ltd" }).waitFor();
      // Another filter starts at the first page.
      await page.getByRole("search", { name: "Filters" }).getByLabel("Search").fill("Customer");
      await page.getByText("Page 1").waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "going back at once, on a browser that is busy, shows the position where the user left a list",
    async () => {
      await using opened = await open("#/app", { width: 1280, height: 400 });
      const { page } = opened;
      const link = page.getByRole("link", { name: "Customer 20", exact: true });
      await link.scrollIntoViewIfNeeded();
      const left = await link.evaluate((element: HTMLElement) => {
        const { scrollY } = globalThis;
        // The next page is shorter, which scrolls it. The browser is busy for longer than a scrolled
        // position waits before it is kept.
        const isBusy = () => {
          const until = performance.now() + 500;
          while (performance.now() < until);
        };
        addEventListener("popstate", isBusy);
        addEventListener("scroll", () => history.back(), { once: true });
        element.click();
        return scrollY;
      });
      expect(left).toBeGreaterThan(100);
      await page.waitForFunction((y) => location.hash === "#/app" && scrollY === y, left, { timeout: 10_000 });
    },
    BROWSER_TIMEOUT_MS,
  );

  for (const list of ["#/app", "#/endpoint", "#/msg", "#/source", "#/task", "#/token", "#/audit-log"]) {
    test(
      `the list ${list} is walked with Tab in the order of the screen, and ctrl-click opens a row in a new tab`,
      async () => {
        await using opened = await open(list);
        const { page } = opened;
        await rowsOf(page).first().waitFor();
        await page.locator("main :is(input, select, button, a)").first().focus();
        const tops: number[] = [];
        for (let presses = 0; presses < 25; presses++) {
          const top = await page.evaluate(() => {
            const at = document.activeElement;
            const row = at?.closest("tr") ?? at;
            return at?.closest("main") == null ? -1 : Math.round(row!.getBoundingClientRect().top + scrollY);
          });
          tops.push(top);
          await page.keyboard.press("Tab");
        }
        // Controls of one line may differ by a few pixels.
        const falls = tops.filter((top, at) => at > 0 && top >= 0 && top < tops[at - 1]! - 20);
        expect([tops, falls]).toEqual([tops, []]);

        const before = await hash(page);
        const inNewTab = async (click: () => Promise<void>) => {
          const [other] = await Promise.all([page.context().waitForEvent("page"), click()]);
          expect([await hash(page), new URL(other.url()).hash === before]).toEqual([before, false]);
        };
        await inNewTab(() =>
          rowsOf(page)
            .first()
            .getByRole("link")
            .first()
            .click({ modifiers: ["Control"] }),
        );
        if (list === "#/msg") {
          const { x, y } = (await rowsOf(page).first().boundingBox())!;
          await page.keyboard.down("Control");
          await inNewTab(() => page.mouse.click(x + 20, y + 10));
        }
        expect(opened.errors).toEqual([]);
      },
      BROWSER_TIMEOUT_MS,
    );
  }

  test(
    "under load the filter that is being typed keeps the focus, and the list stays readable",
    async () => {
      await using opened = await open("#/msg");
      const { page } = opened;
      await rowsOf(page).first().waitFor();
      const requests = countRequests(page);
      const input = page.getByLabel("Text in the payload");
      await input.focus();
      const load = sendMany(LOAD);
      const text = "needle in a haystack";
      for (const key of text) await page.keyboard.type(key, { delay: 100 });
      expect(await focused(page)).toBe(`INPUT ${text}`);
      await page.waitForFunction(() => location.hash.includes("text=needle"));
      await page.getByText("No message matches").waitFor();
      await load;
      expect(await focused(page)).toBe(`INPUT ${text}`);
      // At most one reading per pause in typing and per second.
      expect(requests.filter((path) => path === "/api/v1/message").length).toBeLessThan(40);
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  test(
    "under load an open message is read once, and an attempt that was opened stays open and keeps the focus",
    async () => {
      const message = (await send("acme", "quiet.message", { text: "the payload" })).id;
      await using opened = await open("#/msg");
      const { page } = opened;
      const requests = countRequests(page);
      await show(page, `#/app/${ids.acme}/msg/${message}`);
      await page.getByText("the payload").first().waitFor();
      const toggle = page.getByRole("button", { name: "Details" });
      await toggle.click();
      await page.getByRole("button", { name: "Close" }).waitFor();
      await page.evaluate(watchFrames);
      const events = await sendMany(LOAD);
      const slowest = await page.evaluate(() =>
        (globalThis as unknown as { slowestFrameMs(): number }).slowestFrameMs(),
      );
      console.log(
        `${LOAD} messages in ${events} ms; longest frame ${Math.round(slowest)} ms; requests`,
        counts(requests),
      );
      expect(await focused(page)).toBe("BUTTON Close");
      const own = requests.filter((path) => path.includes(message));
      const payload = own.filter((path) => /^\/api\/v1\/app\/[^/]+\/msg\/[^/]+(\/raw)?$/.test(path));
      expect(Math.max(...Object.values(counts(payload)))).toBe(1);
      // Deliveries and attempts are read again at most every three seconds.
      expect([counts(own), own.length < 30]).toEqual([counts(own), true]);
      await page.getByRole("link", { name: "Messages", exact: true }).first().click();
      await rowsOf(page).first().waitFor();
      expect(opened.errors).toEqual([]);
    },
    BROWSER_TIMEOUT_MS,
  );

  /** Sends messages at 1,000 per second, or slower if they are not accepted as fast. Returns the time in ms. */
  async function sendMany(count: number): Promise<number> {
    const start = performance.now();
    for (let sent = 0; sent < count; sent += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, (_, at) => send("bolt", "load.message", { number: sent + at })));
      const early = start + sent + BATCH - performance.now();
      if (early > 0) await Bun.sleep(early);
    }
    return Math.round(performance.now() - start);
  }
});

/** Collects the paths of the requests to the API from now on. */
function countRequests(page: Page): string[] {
  const paths: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) paths.push(pathname);
  });
  return paths;
}

function counts(paths: readonly string[]): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const path of paths) numbers[path] = (numbers[path] ?? 0) + 1;
  return numbers;
}

/** Measures in the page how long its longest frame takes. */
function watchFrames(): void {
  let slowest = 0;
  let last = performance.now();
  const frame = () => {
    slowest = Math.max(slowest, performance.now() - last);
    last = performance.now();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  Object.assign(globalThis, { slowestFrameMs: () => slowest });
}
