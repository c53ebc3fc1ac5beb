import { Elysia } from "elysia";
import { type Asset, assets } from "../edge/assets.ts";

/** The pages and their files: `/ui/`, `/docs`, the icon, and the way to them from `/`. */

const PAGES: ReadonlySet<string> = new Set(["/ui/", "/docs"]);

const ASK_EVERY_TIME = "no-cache";
/** A year: the address of a versioned file changes with its content. */
const KEEP = "public, max-age=31536000, immutable";

/** Nothing but our own files may run, be shown, or be asked; no other site may frame the page or be sent a form. */
const CONTENT_SECURITY_POLICY = policy("style-src 'self'");
/** Swagger UI writes styles into its elements. */
const DOCS_CONTENT_SECURITY_POLICY = policy("style-src 'self' 'unsafe-inline'");

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

/** A page is served with and without a trailing slash: its files are named by whole paths, so both work. */
function spellings(path: string): readonly string[] {
  if (PAGES.has(path)) return [path.replace(/\/$/, ""), path.replace(/\/?$/, "/")];
  return [path];
}

function serve(path: string, asset: Asset, request: Request): Response {
  const headers = {
    "content-type": asset.contentType,
    etag: asset.etag,
    "cache-control": isVersioned(request, asset) ? KEEP : ASK_EVERY_TIME,
    "content-security-policy": path === "/docs" ? DOCS_CONTENT_SECURITY_POLICY : CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
  if (matches(request.headers.get("if-none-match"), asset.etag)) return new Response(null, { status: 304, headers });
  if (request.method === "HEAD") {
    return new Response(null, { headers: { ...headers, "content-length": String(asset.body.byteLength) } });
  }
  return new Response(asset.body, { headers });
}

/** Whether the address names this very version. Another one is served as well, but must not be kept under that name. */
function isVersioned(request: Request, asset: Asset): boolean {
  return asset.etag === `"${new URL(request.url).searchParams.get("v")}"`;
}

/** Whether `If-None-Match` names this version; a weak tag counts, as RFC 9110 §13.1.2 wants it. */
function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

function policy(styles: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    styles,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
