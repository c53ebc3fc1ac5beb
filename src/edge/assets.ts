import appCss from "../../dist/web/app.css" with { type: "text" };
import appJs from "../../dist/web/app.js" with { type: "text" };
import docsHtml from "../../dist/web/docs.html" with { type: "text" };
import favicon from "../../dist/web/favicon.svg" with { type: "text" };
import indexHtml from "../../dist/web/index.html" with { type: "text" };
import initCss from "../../dist/web/init.css" with { type: "text" };
import initJs from "../../dist/web/init.js" with { type: "text" };
import portalCss from "../../dist/web/portal.css" with { type: "text" };
import portalHtml from "../../dist/web/portal.html" with { type: "text" };
import portalJs from "../../dist/web/portal.js" with { type: "text" };
import swaggerCss from "../../dist/web/swagger-ui.css" with { type: "text" };
import swaggerJs from "../../dist/web/swagger-ui-bundle.js" with { type: "text" };

/**
 * A static file of the web pages. Files are imported as text, so that the compiled executable
 * contains them and needs no other file. `scripts/web.ts` must have built them before.
 */
export interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Strong ETag, including its quotes. It is a hash of the body. */
  readonly etag: string;
}

const HTML = "text/html; charset=utf-8";
const JS = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

/** Assets by the path at which they are served. */
export const assets: ReadonlyMap<string, Asset> = new Map([
  ["/ui/", asset(indexHtml, HTML)],
  ["/ui/app.js", asset(appJs, JS)],
  ["/ui/app.css", asset(appCss, CSS)],
  ["/portal/", asset(portalHtml, HTML)],
  ["/portal/portal.js", asset(portalJs, JS)],
  ["/portal/portal.css", asset(portalCss, CSS)],
  ["/favicon.svg", asset(favicon, "image/svg+xml")],
  ["/docs", asset(docsHtml, HTML)],
  ["/docs/swagger-ui.css", asset(swaggerCss, CSS)],
  ["/docs/swagger-ui-bundle.js", asset(swaggerJs, JS)],
  ["/docs/init.js", asset(initJs, JS)],
  ["/docs/init.css", asset(initCss, CSS)],
]);

function asset(text: string, contentType: string): Asset {
  const body = new TextEncoder().encode(text);
  return { body, contentType, etag: `"${Bun.hash(body).toString(36)}"` };
}
