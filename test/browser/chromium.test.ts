import { expect, test } from "bun:test";
import { launchChromium } from "../support/chromium.ts";

test("Chromium runs without every feature that Playwright turns off", async () => {
  // The program ends at once, and the error contains the command line that starts it.
  const error: Error = await launchChromium("/bin/false").then(
    () => Promise.reject(new Error("/bin/false is no browser")),
    (failure) => failure,
  );
  const lists = [...error.message.matchAll(/--disable-features=(\S+)/g)].map(([, list]) => list!.split(","));
  // The first list is Playwright's. Chromium takes the last one.
  const [ofPlaywright, taken] = [lists[0]!, lists.at(-1)!];
  expect(lists.length).toBeGreaterThan(1);
  expect(ofPlaywright.filter((feature) => !taken.includes(feature))).toEqual([]);
});
