import { Elysia } from "elysia";
import proto from "../../../web/boathook.proto" with { type: "text" };
import { type Asset, assets } from "../../edge/assets.ts";
import { guidePages } from "../guide/chapters.ts";
import { BuiltPage } from "../guide/page.ts";
import { providersPage } from "../guide/providers-page.ts";
import { guideIndex, textPage, textPages } from "../guide/text-pages.ts";
import type { LargeFiles } from "./large-files.ts";
import { pathOf, searchOf } from "./request-target.ts";

/**
 * Serves the web pages and their files: `/ui/`, `/portal/`, `/docs`, the guide, the icon, the
 * definition of the gRPC services, and the redirect from `/`.
 */

const GUIDE = "/docs/guide/";
const PAGES: ReadonlySet<string> = new Set([
  ...["/ui/", "/portal/", "/docs", GUIDE],
  ...guidePages.map(({ name }) => GUIDE + name),
]);
const PORTAL = "/portal/";

const ASK_EVERY_TIME = "no-cache";
/** Lets caches keep a file for one year. The URL of a versioned file changes with its content. */
const KEEP = "public, max-age=31536000, immutable";

const OUR_STYLES = "style-src 'self'";
/** Swagger UI uses inline styles. */
const ANY_STYLES = "style-src 'self' 'unsafe-inline'";

const strict = {
  "content-security-policy": policy(OUR_STYLES),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

const { "x-frame-options": _, ...framed } = strict;

/** Headers of pages that need special ones. Other files get the strict headers. */
const pageHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/docs": { ...strict, "content-security-policy": policy(ANY_STYLES) },
  /**
   * Any site may frame the portal, because the sites of our users are unknown. Sites with
   * cross-origin isolation need the last two headers. Clickjacking gains an attacker nothing: the
   * portal uses no cookies, and frames do not share the token (`web/portal/session.ts`). A frame can do
   * only what the token allows, and the site that put the token after the `#` can do the same
   * without clicks.
   */
  [PORTAL]: {
    ...framed,
    "content-security-policy": policy(OUR_STYLES, "*"),
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "cross-origin",
  },
};

/** The embedded files, and the pages that are built from data, by the path at which they are served. */
const served: ReadonlyMap<string, Asset> = new Map<string, Asset>([
  ...assets,
  ["/boathook.proto", new BuiltPage(() => proto, "text/plain; charset=utf-8")],
  [GUIDE, new BuiltPage(() => guideIndex(guideStyle()))],
  [`${GUIDE}providers`, new BuiltPage(() => providersPage({ ...guideStyle(), js: versioned(`${GUIDE}guide.js`) }))],
  ...textPages.map((page) => [GUIDE + page.name, new BuiltPage(() => textPage(guideStyle(), page))] as const),
]);

function guideStyle(): { readonly css: string } {
  return { css: versioned(`${GUIDE}guide.css`) };
}

/** Returns the name of a file with its version, for a page in the same folder. */
function versioned(path: string): string {
  return `${path.slice(path.lastIndexOf("/") + 1)}?v=${assets.get(path)!.version}`;
}

/**
 * Serves every asset for GET and HEAD. `prefix` is the path of the public URL, if it has one. These
 * routes are not in the OpenAPI document.
 */
export function staticPages(files: LargeFiles, prefix = "") {
  const pages = new Elysia({ name: "static-pages" });
  const hidden = { detail: { hide: true } };
  const toAdminPage = () =>
    new Response(null, { status: 307, headers: { location: prefix === "" ? "ui/" : `${prefix}/ui/` } });
  pages.get("/", toAdminPage, hidden).head("/", toAdminPage, hidden);
  for (const [path, asset] of served) {
    const handler = ({ request }: { request: Request }) => serve(path, asset, request, files);
    for (const spelling of spellings(path)) pages.get(spelling, handler, hidden).head(spelling, handler, hidden);
  }
  return pages;
}

/**
 * Returns the paths at which a file is served. A page is served with and without a trailing slash,
 * any other file at one path.
 */
function spellings(path: string): readonly string[] {
  if (PAGES.has(path)) return [path.replace(/\/$/, ""), path.replace(/\/?$/, "/")];
  return [path];
}

function serve(path: string, asset: Asset, request: Request, files: LargeFiles): Response | Promise<Response> {
  if (PAGES.has(path) && pathOf(request.url).endsWith("/") !== path.endsWith("/"))
    return toSpelling(path, searchOf(request.url));
  const isGzip = acceptsGzip(request.headers.get("accept-encoding"));
  const headers = {
    "content-type": asset.contentType,
    // The compressed form needs a strong ETag of its own (RFC 9110, 8.8.3).
    etag: isGzip ? `"${asset.version}-gzip"` : `"${asset.version}"`,
    vary: "accept-encoding",
    ...(isGzip && { "content-encoding": "gzip" }),
    "cache-control": isVersioned(request, asset) ? KEEP : ASK_EVERY_TIME,
    ...(pageHeaders[path] ?? strict),
  };
  if (matches(request.headers.get("if-none-match"), headers.etag)) return new Response(null, { status: 304, headers });
  const body = isGzip ? asset.gzip : asset.body;
  if (request.method === "HEAD")
    return new Response(null, { headers: { ...headers, "content-length": String(body.byteLength) } });
  return files.send(body, { headers });
}

/**
 * Redirects to the URL of a page with or without the trailing slash, whichever makes the page's
 * relative references work. The redirect itself is relative too, because a proxy may serve the page
 * under a prefix. Browsers keep the part after the `#`.
 */
function toSpelling(path: string, search: string): Response {
  const name = /[^/]+\/?$/.exec(path)![0];
  const location = (name.endsWith("/") ? name : `../${name}`) + (search && `?${search}`);
  return new Response(null, { status: 307, headers: { location } });
}

/** Returns whether `Accept-Encoding` allows gzip (RFC 9110, 12.5.3). */
export function acceptsGzip(acceptEncoding: string | null): boolean {
  if (acceptEncoding === null) return false;
  return acceptEncoding.split(",").some((item) => {
    const [coding, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    return (coding === "gzip" || coding === "x-gzip") && !parameters.some((part) => /^q=0(?:\.0*)?$/.test(part));
  });
}

/**
 * Returns whether the URL contains this asset's version. Requests for other versions are served
 * too, but not cached.
 */
function isVersioned(request: Request, asset: Asset): boolean {
  return asset.version === new URLSearchParams(searchOf(request.url)).get("v");
}

/**
 * Returns whether `If-None-Match` contains this version. Weak tags match too (RFC 9110 §13.1.2).
 */
function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/**
 * Returns a content security policy. It lets the page load and run only this server's files and
 * connect only to this server. Forms cannot be submitted. `framedBy` defines which sites may frame
 * the page.
 */
function policy(styles: string, framedBy = "'none'"): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    styles,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${framedBy}`,
  ].join("; ");
}
