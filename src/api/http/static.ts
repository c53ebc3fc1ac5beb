import { Elysia } from "elysia";
import { type Asset, assets } from "../../edge/assets.ts";
import { pathOf, searchOf } from "./request-target.ts";

/** The pages and their files: `/ui/`, `/portal/`, `/docs`, the icon, and the way to them from `/`. */

const PAGES: ReadonlySet<string> = new Set(["/ui/", "/portal/", "/docs"]);
/** Names its files relative to itself, as a proxy may serve it under a longer path: without the last slash they are elsewhere. */
const PORTAL = "/portal/";

const ASK_EVERY_TIME = "no-cache";
/** A year: the address of a versioned file changes with its content. */
const KEEP = "public, max-age=31536000, immutable";

const OUR_STYLES = "style-src 'self'";
/** Swagger UI writes styles into its elements. */
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

/** Beside those of the content. What is not named here gets the strict ones. */
const pageHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/docs": { ...strict, "content-security-policy": policy(ANY_STYLES) },
  /**
   * Made to be framed by the sites of those whose customers it is for, which nobody here can list; by isolated ones too, which
   * ask for the last two headers. Framing usually lends a site the clicks of somebody who is logged in. Here nobody is: there
   * are no cookies, and the page keeps its token in no storage that a second frame could share (`web/portal/session.ts`), so a
   * frame can do just what the token allows that its site has put behind the `#`, and the site needs no clicks for that.
   */
  [PORTAL]: {
    ...framed,
    "content-security-policy": policy(OUR_STYLES, "*"),
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "cross-origin",
  },
};

/** Serves every asset to GET and HEAD. These routes are no part of the API and so not in its document. */
export function staticPages() {
  const pages = new Elysia({ name: "static-pages" });
  const hidden = { detail: { hide: true } };
  const toAdminPage = () => new Response(null, { status: 307, headers: { location: "/ui/" } });
  pages.get("/", toAdminPage, hidden).head("/", toAdminPage, hidden);
  for (const [path, asset] of assets) {
    const handler = ({ request }: { request: Request }) => serve(path, asset, request);
    for (const spelling of spellings(path)) pages.get(spelling, handler, hidden).head(spelling, handler, hidden);
  }
  return pages;
}

/** A page is served with and without a trailing slash. */
function spellings(path: string): readonly string[] {
  if (PAGES.has(path)) return [path.replace(/\/$/, ""), path.replace(/\/?$/, "/")];
  return [path];
}

function serve(path: string, asset: Asset, request: Request): Response {
  if (path === PORTAL && !pathOf(request.url).endsWith("/")) return toPortal(searchOf(request.url));
  const headers = {
    "content-type": asset.contentType,
    etag: asset.etag,
    "cache-control": isVersioned(request, asset) ? KEEP : ASK_EVERY_TIME,
    ...(pageHeaders[path] ?? strict),
  };
  if (matches(request.headers.get("if-none-match"), asset.etag)) return new Response(null, { status: 304, headers });
  if (request.method === "HEAD") {
    return new Response(null, { headers: { ...headers, "content-length": String(asset.body.byteLength) } });
  }
  return new Response(asset.body, { headers });
}

/** Relative for the same reason. What stands behind the `#` is taken along by the browser. */
function toPortal(search: string): Response {
  return new Response(null, { status: 307, headers: { location: `portal/${search && `?${search}`}` } });
}

/** Whether the address names this very version. Another one is served as well, but must not be kept under that name. */
function isVersioned(request: Request, asset: Asset): boolean {
  return asset.etag === `"${new URLSearchParams(searchOf(request.url)).get("v")}"`;
}

/** Whether `If-None-Match` names this version; a weak tag counts, as RFC 9110 §13.1.2 wants it. */
function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/** Nothing but our own files may run, be shown, or be asked, and no site may be sent a form; who may frame it is another matter. */
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
