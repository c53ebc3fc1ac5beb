import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { findChromium, launchChromium } from "../support/chromium.ts";
import { type Installation, install } from "../support/installation.ts";
import { ROOT_TOKEN } from "../support/server.ts";

/** The pages behind a reverse proxy that serves the server below a path. */

const TIMEOUT_MS = 60_000;
const PREFIX = "/hooks/eu";
const chromiumPath = findChromium();

describe.skipIf(chromiumPath === null)("pages below a path", () => {
  let boathook: Installation;
  let browser: Browser;

  beforeAll(async () => {
    boathook = await install([`--public-url=http://127.0.0.1${PREFIX}`]);
    browser = await launchChromium(chromiumPath!);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await boathook?.[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  /** Starts a proxy that passes on requests below the path, with or without the path. */
  function startProxy(keepsPath: boolean) {
    return Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch(request) {
        const { pathname, search } = new URL(request.url);
        if (!pathname.startsWith(PREFIX)) return new Response("not below the path", { status: 404 });
        const path = keepsPath ? pathname : pathname.slice(PREFIX.length) || "/";
        return fetch(new Request(boathook.url + path + search, request), { redirect: "manual", decompress: false });
      },
    });
  }

  for (const keepsPath of [true, false])
    test(
      `the admin page and the API page work behind a proxy that ${keepsPath ? "keeps" : "removes"} the path`,
      async () => {
        const proxy = startProxy(keepsPath);
        const page = await browser.newPage();
        try {
          const missing: string[] = [];
          page.on("response", (response) => {
            if (response.status() >= 400) missing.push(`${response.status()} ${response.url()}`);
          });
          const url = `http://127.0.0.1:${proxy.port}${PREFIX}`;
          await page.goto(`${url}/`);
          await page.getByLabel("Token").fill(ROOT_TOKEN);
          await page.getByRole("button", { name: "Log in" }).click();
          await page.getByRole("heading", { name: "Latest messages" }).waitFor();
          await page.getByText("live", { exact: true }).waitFor();
          await page.getByRole("link", { name: "API" }).click();
          await page.locator(".opblock").first().waitFor();
          expect(page.url()).toBe(`${url}/docs`);
          expect(missing).toEqual([]);
        } finally {
          await page.close();
          await proxy.stop(true);
        }
      },
      TIMEOUT_MS,
    );
});
