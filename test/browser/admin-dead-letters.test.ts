import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { violationsOn } from "../support/axe.ts";
import { callerOf, describeInBrowser, openAdminPage, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";
import { until } from "../support/delivery.ts";
import { ok, startReceiver, withStatus } from "../support/receiver.ts";

/** The pages of dead letters and tasks. */

const TOKEN = "root-token-of-the-test-of-dead-letters-1";
const env = { BOATHOOK_ROOT_TOKEN: TOKEN };
const args = ["--allow-subnets", "127.0.0.1/32", "--retry-schedule="];

/** Returns the times in tables that reach beyond their cells. */
function cutTimes(): (string | null)[] {
  const isCut = (time: Element) =>
    time.getBoundingClientRect().right > time.closest("td")!.getBoundingClientRect().right;
  return [...document.querySelectorAll("main td time")].filter(isCut).map((time) => time.textContent);
}

describeInBrowser("pages of dead letters and tasks", { env, args }, (group) => {
  const open = (hash: string) => openAdminPage(group, TOKEN, hash);

  const call = callerOf(group, TOKEN);

  async function deadOf(app: string): Promise<number> {
    return (await call("GET", `/dead-letter/summary?app_id=${app}`)).total;
  }

  /** Sends messages until the customer has `total` dead letters. */
  async function sendDead(app: string, count: number, total = count): Promise<void> {
    for (let i = 0; i < count; i++) await call("POST", `/app/${app}/msg`, { eventType: "order.paid", payload: { i } });
    await until(
      () => deadOf(app),
      (dead) => dead === total,
    );
  }

  async function makeCustomer(uid: string, name: string, url: string): Promise<void> {
    await call("POST", "/app", { uid, name });
    await call("POST", `/app/${uid}/endpoint`, { uid: "hook", url });
  }

  const rowOf = (page: Page, name: string) =>
    page.getByRole("table", { name: "Groups of dead letters" }).getByRole("row").filter({ hasText: name });

  async function expectUsable(page: Page): Promise<void> {
    await page.setViewportSize({ width: 320, height: 640 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    expect(await page.evaluate(cutTimes)).toEqual([]);
    expect(await violationsOn(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(await violationsOn(page)).toEqual([]);
  }

  test(
    "the page shows the largest groups, and more of them when the user asks, with exact totals",
    async () => {
      await using receiver = startReceiver(withStatus(503));
      await makeCustomer("wide", "Wide Ltd", receiver.url);
      const send = (eventType: string) => call("POST", "/app/wide/msg", { eventType, payload: {} });
      for (let i = 0; i < 53; i++) await send(`kind.${i}`);
      await send("kind.7");
      await until(
        () => deadOf("wide"),
        (dead) => dead === 54,
      );

      await using opened = await open("#/dead-letter?app_id=wide");
      const { page } = opened;
      await page.getByText("54 dead letters in 53 groups. The 50 largest are shown").waitFor();
      const redrives = page
        .getByRole("table", { name: "Groups of dead letters" })
        .getByRole("button", { name: "Redrive" });
      expect(await redrives.count()).toBe(50);
      await expectUsable(page);
      const more = page.getByRole("button", { name: "Show 3 more groups" });
      await more.click();
      await more.waitFor({ state: "detached" });
      await page.getByText("54 dead letters in 53 groups", { exact: true }).waitFor();
      expect(await redrives.count()).toBe(53);
      await page.getByRole("button", { name: "Drop all that match" }).click();
      await page.getByText("Drop 54 dead letters").waitFor();
      await page.getByRole("button", { name: "Drop 54" }).click();
      await page.getByText("No dead letter matches").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "after an outage the operator sees the cause, redrives what was previewed, and sees that all is delivered",
    async () => {
      await using receiver = startReceiver(withStatus(503));
      await makeCustomer("outage", "Outage Ltd", receiver.url);
      await sendDead("outage", 8);

      await using opened = await open("#/");
      const { page } = opened;
      const attention = page.getByRole("region", { name: "Needs attention" });
      await attention
        .getByRole("link", { name: /dead letter/i })
        .first()
        .click();
      await rowOf(page, "Outage Ltd").getByText("server error (5xx)").waitFor();
      await rowOf(page, "Outage Ltd").getByRole("button", { name: "Show" }).click();
      const letters = page.getByRole("table", { name: /^dead letters of Outage Ltd/ });
      await letters.getByText("503").first().waitFor();
      expect(await letters.getByRole("link").count()).toBe(8);
      await expectUsable(page);

      receiver.answering = ok;
      await rowOf(page, "Outage Ltd").getByRole("button", { name: "Redrive" }).click();
      await page.getByText("Send 8 dead letters of Outage Ltd").waitFor();
      await page.getByLabel("Rate").selectOption("1000");
      await expectUsable(page);
      await page.getByRole("button", { name: "Redrive 8" }).dblclick();
      const task = page.getByRole("region", { name: "Redrive of dead letters" });
      await task.getByText("finished").waitFor();
      await task.getByText("8 of 8").waitFor();
      await page.getByText(/No dead letter/).waitFor();
      await receiver.arrived(16);
      expect((await call("GET", "/background-task?task=dead-letter.redrive")).data).toHaveLength(1);
      await task.getByRole("link", { name: "Redrive of dead letters" }).click();
      await page.getByText("root token").waitFor();
      await page.getByText("Outage Ltd").waitFor();
      await expectUsable(page);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a misdirected redrive is cancelled half way, and the rest stays dead",
    async () => {
      await using receiver = startReceiver(withStatus(500));
      await makeCustomer("wrong", "Wrong Way", receiver.url);
      await sendDead("wrong", 30);
      receiver.answering = ok;

      await using opened = await open("#/dead-letter");
      const { page } = opened;
      await rowOf(page, "Wrong Way").getByRole("button", { name: "Redrive" }).click();
      await page.getByLabel("Rate").selectOption("1");
      await page.getByRole("button", { name: "Redrive 30" }).click();
      await receiver.arrived(31);
      // The task is found again after the page was left.
      await page.goto(`${group.server.url}/ui/#/task`);
      const running = page.getByRole("table", { name: "Running tasks" });
      await running.getByText("Wrong Way").waitFor();
      await expectUsable(page);
      await running.getByRole("link", { name: "Redrive of dead letters" }).click();
      await page.getByRole("button", { name: "Cancel task" }).click();
      await page.getByText(/are left as they are/).waitFor();
      await page.getByRole("button", { name: "End the task" }).click();
      await page.getByText("cancelled", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: "Cancel task" }).count()).toBe(0);

      const [task] = (await call("GET", "/background-task?task=dead-letter.redrive&limit=1")).data;
      expect(task).toMatchObject({ status: "failed", total: 30 });
      expect(task.done).toBeGreaterThan(0);
      expect(await deadOf("wrong")).toBe(30 - task.done);
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "a drop removes exactly the previewed number, even if more deliveries die after the question",
    async () => {
      await using receiver = startReceiver(withStatus(500));
      await makeCustomer("dropped", "Dropped Inc", receiver.url);
      await sendDead("dropped", 6);

      await using opened = await open("#/dead-letter");
      const { page } = opened;
      await rowOf(page, "Dropped Inc").getByRole("button", { name: "Drop" }).click();
      await page.getByText("Drop 6 dead letters of Dropped Inc").waitFor();
      await sendDead("dropped", 4, 10);
      await page.getByRole("button", { name: "Drop 6" }).click();
      const task = page.getByRole("region", { name: "Drop of dead letters" });
      await task.getByText("6 of 6").waitFor();
      expect(await deadOf("dropped")).toBe(4);
      await rowOf(page, "Dropped Inc").getByText("4", { exact: true }).waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "when nothing can be sent again, the page says why and leads to the endpoint",
    async () => {
      await using receiver = startReceiver(withStatus(500));
      await makeCustomer("off", "Switched Off", receiver.url);
      await sendDead("off", 2);
      await call("PATCH", "/app/off/endpoint/hook", { disabled: true });

      await using opened = await open("#/dead-letter");
      const { page } = opened;
      await rowOf(page, "Switched Off").getByRole("button", { name: "Redrive" }).click();
      await page.getByText("None of these dead letters can be sent again.").waitFor();
      const reason = page.getByRole("listitem").filter({ hasText: "is disabled" });
      expect(await reason.getByRole("link").getAttribute("href")).toMatch(/^#\/app\/app_\w+\/endpoint\/ep_\w+$/);
      await expectUsable(page);
      await page.getByRole("button", { name: "Close" }).click();
      await reason.waitFor({ state: "detached" });
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Redrive");
      await page.getByLabel("Reason").selectOption("dns");
      await page.getByText("No dead letter matches").waitFor();
      expect(opened.errors).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
