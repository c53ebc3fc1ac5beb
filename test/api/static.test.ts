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

/** Returns the URLs that a page refers to. */
function references(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
}

describe("pages and their files", () => {
  test("the root redirects to the admin page", async () => {
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

  test("every file that a page refers to exists, and can be cached forever if its URL has a version", async () => {
    for (const page of ["/ui/", "/docs"]) {
      for (const reference of references(await (await ask(page)).text())) {
        expect(reference).toStartWith("/");
        const answer = await ask(reference);
        expect(answer.status).toBe(200);
        if (reference.includes("?v=")) expect(answer.headers.get("cache-control")).toContain("immutable");
      }
    }
  });

  test("a page, and a file of another version, must be revalidated on every use", async () => {
    for (const path of ["/ui/", "/docs", "/ui/app.js", "/ui/app.js?v=older"]) {
      expect((await ask(path)).headers.get("cache-control")).toBe("no-cache");
    }
  });

  test("a request with the current ETag returns 304 without a body", async () => {
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

  test("HEAD returns the headers of GET without the body", async () => {
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

  test("the content security policy allows nothing from other origins and no framing", async () => {
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

  test("every response has the headers nosniff and no-referrer", async () => {
    for (const path of ["/ui/", ...FILES, "/portal/", ...PORTAL_FILES, "/docs", ...DOCS_FILES]) {
      const { headers } = await ask(path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });
});

describe("the portal page", () => {
  test("the portal may be framed by any site, including a cross-origin isolated one", async () => {
    const { headers } = await ask("/portal/");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors *");
    expect(headers.get("x-frame-options")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  });

  test("the portal has the same policy as the admin page except that it may be framed", async () => {
    const policyOf = async (path: string) =>
      (await ask(path)).headers.get("content-security-policy")!.replace(/frame-ancestors [^;]+/, "");
    expect(await policyOf("/portal/")).toBe(await policyOf("/ui/"));
    for (const path of PORTAL_FILES) {
      expect((await ask(path)).headers.get("x-frame-options")).toBe("DENY");
      expect((await ask(path)).headers.get("cross-origin-resource-policy")).toBe("same-origin");
    }
  });

  test("the portal refers to its files by relative paths, so that it works behind a path prefix", async () => {
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

  test("the portal's path without a trailing slash redirects and keeps the query", async () => {
    for (const [path, location] of [
      ["/portal", "portal/"],
      ["/portal?darkMode=true", "portal/?darkMode=true"],
    ] as const) {
      const answer = await ask(path);
      expect([answer.status, answer.headers.get("location")]).toEqual([307, location]);
    }
  });

  test("the portal, and a file of another version, must be revalidated on every use", async () => {
    for (const path of ["/portal/", "/portal/portal.js", "/portal/portal.js?v=older"]) {
      expect((await ask(path)).headers.get("cache-control")).toBe("no-cache");
    }
  });
});
