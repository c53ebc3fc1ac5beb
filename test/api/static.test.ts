import { beforeAll, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { buildWeb } from "../../scripts/web.ts";
import { guidePages } from "../../src/api/guide/chapters.ts";
import { ByteBudget } from "../../src/api/http/byte-budget.ts";
import { LargeFiles } from "../../src/api/http/large-files.ts";

const HOST = "http://localhost";
const FILES = [...["early.js", "app.js", "app.css", "plot.js"].map((name) => `/ui/${name}`), "/favicon.svg"];
const PORTAL_FILES = ["portal.js", "portal.css"].map((name) => `/portal/${name}`);
const GUIDE_PAGES = ["", ...guidePages.map(({ name }) => name)].map((name) => `/docs/guide/${name}`);
const GUIDE_FILES = ["guide.js", "guide.css"].map((name) => `/docs/guide/${name}`);
const DOCS_FILES = ["swagger-ui.css", "swagger-ui-bundle.js", "init.js", "init.css"].map((name) => `/docs/${name}`);

let ask: (path: string, init?: RequestInit) => Promise<Response>;

beforeAll(async () => {
  await buildWeb();
  const { staticPages } = await import("../../src/api/http/static.ts");
  const files = new LargeFiles({ soon: (task) => void setImmediate(task) }, new ByteBudget(1e9));
  const pages = staticPages(files);
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
    expect(answer.headers.get("location")).toBe("ui/");
  });

  test("every page refers to its files by relative paths, and clients may cache files with a version in their URL forever", async () => {
    for (const page of ["/ui/", "/portal/", "/docs", ...GUIDE_PAGES]) {
      // Only texts of the guide link to other sites.
      const isForeign = (reference: string) =>
        reference.startsWith("data:") || (page.startsWith("/docs/guide/") && reference.startsWith("https://"));
      const files = references(await (await ask(page)).text()).filter((reference) => !isForeign(reference));
      expect(files.length).toBeGreaterThan(1);
      for (const reference of files) {
        expect(reference).not.toMatch(/^\/|:/);
        const { pathname, search, hash } = new URL(reference, HOST + page);
        const answer = await ask(pathname + search);
        expect([reference, answer.status]).toEqual([reference, 200]);
        if (hash !== "") expect(pathname).toMatch(/^\/(ui\/$|docs\/guide\/)/);
        if (reference.includes("?v=")) expect(answer.headers.get("cache-control")).toContain("immutable");
      }
    }
  });

  test("the script of the admin page refers to the current versions of its other files", async () => {
    const script = await (await ask("/ui/app.js")).text();
    for (const name of ["early", "plot"]) {
      const reference = new RegExp(`\\./${name}\\.js\\?v=\\w+`).exec(script)?.[0];
      const answer = await ask(`/ui/${reference}`);
      expect([reference, answer.status]).toEqual([reference, 200]);
      expect(answer.headers.get("cache-control")).toContain("immutable");
    }
  });

  test("the document and the script of the admin page refer to the same early requests, which are sent once", async () => {
    const [document, script] = await Promise.all(["/ui/", "/ui/app.js"].map(async (path) => (await ask(path)).text()));
    const [reference] = /early\.js\?v=\w+/.exec(document!)!;
    expect(script).toContain(`"./${reference}"`);
    expect(script).not.toContain("boathook.loggedIn");
  });

  test("a page's path with a missing or extra slash redirects to the path where relative links work, and keeps the query", async () => {
    for (const [path, location] of [
      ["/ui", "ui/"],
      ["/ui?a=b", "ui/?a=b"],
      ["/portal", "portal/"],
      ["/portal?darkMode=true", "portal/?darkMode=true"],
      ["/docs/", "../docs"],
      ["/docs/?a=b", "../docs?a=b"],
      ["/docs/guide/providers/", "../providers"],
    ] as const) {
      const answer = await ask(path);
      expect([path, answer.status, answer.headers.get("location")]).toEqual([path, 307, location]);
    }
  });

  test("clients that accept gzip get compressed files with a separate ETag, and other clients get uncompressed files", async () => {
    for (const path of ["/ui/", "/ui/app.js", "/docs", "/docs/guide/providers", ...DOCS_FILES, ...GUIDE_FILES]) {
      const plain = await ask(path, { headers: { "accept-encoding": "br, gzip;q=0" } });
      const gzip = await ask(path, { headers: { "accept-encoding": "br;q=0.9, GZIP;q=0.5" } });
      expect([plain.headers.get("content-encoding"), gzip.headers.get("content-encoding")]).toEqual([null, "gzip"]);
      expect([plain.headers.get("vary"), gzip.headers.get("vary")]).toEqual(["accept-encoding", "accept-encoding"]);
      expect(gzip.headers.get("etag")).not.toBe(plain.headers.get("etag"));
      const bytes = await gzip.bytes();
      expect(gunzipSync(bytes)).toEqual(Buffer.from(await plain.arrayBuffer()));
      const head = await ask(path, { method: "HEAD", headers: { "accept-encoding": "gzip" } });
      expect(head.headers.get("content-length")).toBe(String(bytes.length));
      const etag = gzip.headers.get("etag")!;
      const known = await ask(path, { headers: { "accept-encoding": "gzip", "if-none-match": etag } });
      expect(known.status).toBe(304);
    }
  });

  test("pages, and files requested without their current version, must be revalidated on every use", async () => {
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
    for (const path of ["/ui/", "/ui/app.js", "/docs", ...GUIDE_PAGES]) {
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
    for (const path of ["/ui/", "/docs", ...GUIDE_PAGES]) {
      const policy = (await ask(path)).headers.get("content-security-policy")!;
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
        expect(policy).toContain(part);
      }
      expect(policy).not.toContain("unsafe-eval");
      expect(policy).not.toContain("http");
    }
    for (const path of ["/ui/", ...GUIDE_PAGES]) {
      expect((await ask(path)).headers.get("content-security-policy")).not.toContain("unsafe-inline");
    }
  });

  test("every response has the headers nosniff and no-referrer", async () => {
    for (const path of [
      "/ui/",
      ...FILES,
      "/portal/",
      ...PORTAL_FILES,
      "/docs",
      ...DOCS_FILES,
      "/docs/guide/providers",
      ...GUIDE_FILES,
    ]) {
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

  test("the portal page, and portal files requested without their current version, must be revalidated on every use", async () => {
    for (const path of ["/portal/", "/portal/portal.js", "/portal/portal.js?v=older"]) {
      expect((await ask(path)).headers.get("cache-control")).toBe("no-cache");
    }
  });
});
