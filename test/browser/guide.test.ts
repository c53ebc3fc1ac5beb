import { expect, test } from "bun:test";
import { describeInBrowser, BROWSER_TIMEOUT_MS as TIMEOUT_MS } from "../support/browser.ts";

describeInBrowser("the tables of the guide", {}, (group) => {
  test(
    "numbers are aligned at the right, and names of settings and variables are on one line",
    async () => {
      const page = await group.browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.goto(`${group.server.url}/docs/guide/sizing`);
      const alignments = await page
        .locator("td[align=right]")
        .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).textAlign));
      expect([...new Set(alignments)]).toEqual(["right"]);
      await page.goto(`${group.server.url}/docs/guide/settings`);
      const broken = await page.locator("td:first-child code, td:last-child code").evaluateAll((codes) => {
        const content = document.createRange();
        return codes.flatMap((code) => {
          content.selectNodeContents(code);
          return content.getClientRects().length === 1 ? [] : code.textContent;
        });
      });
      expect(broken).toEqual([]);
      await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    "a long example in the first column leaves half of the width to the text about it",
    async () => {
      const page = await group.browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.goto(`${group.server.url}/docs/guide/transports`);
      const frames = page.locator("table", { hasText: "retryAfterMs" });
      const [frame, table] = [await frames.locator("td").first().boundingBox(), await frames.boundingBox()];
      expect(frame!.width).toBeLessThan(table!.width / 2);
      await page.close();
    },
    TIMEOUT_MS,
  );
});
