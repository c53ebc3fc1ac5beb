import { beforeAll, describe, expect, test } from "bun:test";
import { buildWeb } from "../../scripts/web.ts";

const HOST = "http://localhost";
const FILES = [...["app.js", "app.css"].map((name) => `/ui/${name}`), "/favicon.svg"];
const PORTAL_FILES = ["portal.js", "portal.css"].map((name) => `/portal/${name}`);
const DOCS_FILES = ["swagger-ui.css", "swagger-ui-bundle.js", "init.js", "init.css"].map((name) => `/docs/${name}`);

let ask: (path: string, init?: RequestInit) => Promise<Response>;

beforeAll(async () => {
  await buildWeb();
  const { staticPages } = await import("../../src/api/http/static.ts");
  const pages = staticPages();
  ask = async (path, init) => pages.handle(new Request(HOST + path, init));
});

/** The addresses that a page names, all of which must be its own server's. */
function references(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
}

describe("the pages and their files", () => {
  test("the root leads to the admin page", async () => {
    const answer = await ask("/");
    expect(answer.status).toBe(307);
    expect(answer.headers.get("location")).toBe("/ui/");
  });

  test("a page is served with and without a trailing slash", async () => {
    for (const [one, other] of [
      ["/ui/", "/ui"],
      ["/docs", "/docs/"],
    ] as const) {
      const html = await (await ask(one)).text();
      expect(html).toStartWith("<!doctype html>");
      expect(await (await ask(other)).text()).toBe(html);
    }
  });

  test("whatever a page refers to is there, under its version, and may be kept for ever", async () => {
    for (const page of ["/ui/", "/docs"]) {
      for (const reference of references(await (await ask(page)).text())) {
        expect(reference).toStartWith("/");
        const answer = await ask(reference);
        expect(answer.status).toBe(200);
        if (reference.includes("?v=")) expect(answer.headers.get("cache-control")).toContain("immutable");
      }
    }
  });

  test("a page, and a file under another version than its own, is asked for every time", async () => {
    for (const path of ["/ui/", "/docs", "/ui/app.js", "/ui/app.js?v=older"]) {
      expect((await ask(path)).headers.get("cache-control")).toBe("no-cache");
    }
  });

  test("who has this version already gets 304 and no body", async () => {
    for (const path of ["/ui/", ...FILES, "/docs", ...DOCS_FILES]) {
      const etag = (await ask(path)).headers.get("etag")!;
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const answer = await ask(path, { headers: { "if-none-match": known } });
        expect(answer.status).toBe(304);
        expect(await answer.text()).toBe("");
      }
      expect((await ask(path, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    }
  });

  test("HEAD tells the same as GET, without the body", async () => {
    for (const path of ["/ui/", "/ui/app.js", "/docs"]) {
      const head = await ask(path, { method: "HEAD" });
      const get = await ask(path);
      const length = (await get.arrayBuffer()).byteLength;
      expect(head.status).toBe(200);
      expect(head.headers.get("content-length")).toBe(String(length));
      expect(head.headers.get("etag")).toBe(get.headers.get("etag"));
      expect(await head.text()).toBe("");
    }
  });

  test("nothing from elsewhere may run or be shown, and nobody may frame the pages", async () => {
    for (const path of ["/ui/", "/docs"]) {
      const policy = (await ask(path)).headers.get("content-security-policy")!;
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
        expect(policy).toContain(part);
      }
      expect(policy).not.toContain("unsafe-eval");
      expect(policy).not.toContain("http");
    }
    expect((await ask("/ui/")).headers.get("content-security-policy")).not.toContain("unsafe-inline");
  });

  test("every answer forbids guessing its type and telling where the reader came from", async () => {
    for (const path of ["/ui/", ...FILES, "/portal/", ...PORTAL_FILES, "/docs", ...DOCS_FILES]) {
      const { headers } = await ask(path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });
});

describe("the portal, which is made to be framed", () => {
  test("may be framed by any site, also by one that asks for isolation", async () => {
    const { headers } = await ask("/portal/");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors *");
    expect(headers.get("x-frame-options")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  });

  test("is as strict as the admin page in everything else", async () => {
    const policyOf = async (path: string) =>
      (await ask(path)).headers.get("content-security-policy")!.replace(/frame-ancestors [^;]+/, "");
    expect(await policyOf("/portal/")).toBe(await policyOf("/ui/"));
    for (const path of PORTAL_FILES) {
      expect((await ask(path)).headers.get("x-frame-options")).toBe("DENY");
      expect((await ask(path)).headers.get("cross-origin-resource-policy")).toBe("same-origin");
    }
  });

  test("names its files relative to itself, so that it works behind a longer path", async () => {
    const files = references(await (await ask("/portal/")).text()).filter(
      (reference) => !reference.startsWith("data:"),
    );
    expect(files.length).toBe(PORTAL_FILES.length);
    for (const reference of files) {
      const { pathname, search } = new URL(reference, `${HOST}/portal/`);
      expect(PORTAL_FILES).toContain(pathname);
      expect((await ask(pathname + search)).headers.get("cache-control")).toContain("immutable");
    }
  });

  test("is led to from its address without the last slash, with what was asked for", async () => {
    for (const [path, location] of [
      ["/portal", "portal/"],
      ["/portal?darkMode=true", "portal/?darkMode=true"],
    ] as const) {
      const answer = await ask(path);
      expect([answer.status, answer.headers.get("location")]).toEqual([307, location]);
    }
  });

  test("is asked for every time, and its files under another version as well", async () => {
    for (const path of ["/portal/", "/portal/portal.js", "/portal/portal.js?v=older"]) {
      expect((await ask(path)).headers.get("cache-control")).toBe("no-cache");
    }
  });
});
