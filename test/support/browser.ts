import { afterAll, beforeAll, describe } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { executable, type RunningBoathook, startBoathook } from "./binary.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import { clientOf } from "./client.ts";
import { temporaryDirectory } from "./temporary.ts";

/** Tests of the pages in a real Chromium, against the executable. */

export const BROWSER_TIMEOUT_MS = 60_000;

/** What the tests of a group share. It may be used only while a test or hook runs. */
export interface BrowserGroup {
  readonly server: RunningBoathook;
  readonly browser: Browser;
  /** Returns a path in the group's temporary directory. The server's data is at `data`. */
  file(name: string): string;
}

interface GroupOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Defines a group of tests with one server and one browser. Skips the group if Chromium is not installed. */
export function describeInBrowser(
  title: string,
  { args = [], env = {} }: GroupOptions,
  define: (group: BrowserGroup) => void,
): void {
  const chromiumPath = findChromium();
  if (chromiumPath === null) {
    console.log(`NOT tested, because Chromium was not found: ${title}. Install it or set CHROMIUM to its path.`);
  }
  describe.skipIf(chromiumPath === null)(title, () => {
    const directory = temporaryDirectory();
    let server: RunningBoathook;
    let browser: Browser;

    beforeAll(async () => {
      server = await startBoathook(executable(), directory.file("data"), [...args], { env });
      browser = await launchChromium(chromiumPath!);
    }, BROWSER_TIMEOUT_MS);

    afterAll(async () => {
      await browser?.close();
      await server?.stop();
      directory[Symbol.dispose]();
    }, BROWSER_TIMEOUT_MS);

    define({
      get server() {
        return server;
      },
      get browser() {
        return browser;
      },
      file: (name) => directory.file(name),
    });
  });
}

export interface Watched {
  /** Errors of scripts and of the console, and dialogs. */
  readonly errors: string[];
  /** Requests to other hosts. */
  readonly outside: string[];
}

/** Collects what a page must not do. `ignored` is a part of console errors that the test expects. */
export function watch(page: Page, at: string, ignored?: string): Watched {
  const errors: string[] = [];
  const outside: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${at}/`) && !url.startsWith("data:")) outside.push(url);
  });
  page.on("console", (message) => {
    const isExpected = ignored !== undefined && message.text().includes(ignored);
    if (message.type() === "error" && !isExpected) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { errors, outside };
}

/** Fills in the login form of the admin page. */
export async function logInWith(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
}

interface OpenOptions {
  /** A part of console errors that the test expects. */
  readonly ignored?: string | undefined;
  readonly height?: number;
}

/** Opens an address of the admin page in a browser context of its own, and logs in. */
export async function openAdminPage(
  { browser, server }: BrowserGroup,
  token: string,
  hash: string,
  { ignored, height = 800 }: OpenOptions = {},
) {
  const context = await browser.newContext({ viewport: { width: 1280, height } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const { errors } = watch(page, server.url, ignored);
  await page.goto(`${server.url}/ui/`);
  await logInWith(page, token);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.goto(`${server.url}/ui/${hash}`);
  return { page, errors, context, [Symbol.asyncDispose]: () => context.close() };
}

/** Calls the API. Throws unless the response is 2xx. */
// biome-ignore lint/suspicious/noExplicitAny: the expectations of the test state the type
export type Call = (method: string, path: string, body?: unknown) => Promise<any>;

/** Returns a function that calls the API of the group's server with a token. */
export function callerOf(group: BrowserGroup, token: string): Call {
  return async (method, path, body) => {
    const { status, json, text } = await clientOf(group.server.url)(method, path, body, { token });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return json;
  };
}
