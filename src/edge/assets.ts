import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import appCss from "../../dist/web/app.css.gz" with { type: "file" };
import appJs from "../../dist/web/app.js.gz" with { type: "file" };
import docsHtml from "../../dist/web/docs.html.gz" with { type: "file" };
import earlyJs from "../../dist/web/early.js.gz" with { type: "file" };
import favicon from "../../dist/web/favicon.svg.gz" with { type: "file" };
import guideCss from "../../dist/web/guide.css.gz" with { type: "file" };
import guideJs from "../../dist/web/guide.js.gz" with { type: "file" };
import indexHtml from "../../dist/web/index.html.gz" with { type: "file" };
import initCss from "../../dist/web/init.css.gz" with { type: "file" };
import initJs from "../../dist/web/init.js.gz" with { type: "file" };
import plotJs from "../../dist/web/plot.js.gz" with { type: "file" };
import portalCss from "../../dist/web/portal.css.gz" with { type: "file" };
import portalHtml from "../../dist/web/portal.html.gz" with { type: "file" };
import portalJs from "../../dist/web/portal.js.gz" with { type: "file" };
import swaggerCss from "../../dist/web/swagger-ui.css.gz" with { type: "file" };
import swaggerJs from "../../dist/web/swagger-ui-bundle.js.gz" with { type: "file" };

/**
 * A static file of the web pages. The compiled executable contains the files in their compressed
 * form and needs no other file. `scripts/web.ts` must have built them before.
 */
export interface Asset {
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** The uncompressed body. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** A hash of the uncompressed body. */
  readonly version: string;
}

/** A file that is read on first use, so that the server starts fast. */
class EmbeddedFile implements Asset {
  #gzip: Uint8Array<ArrayBuffer> | null = null;
  #body: Uint8Array<ArrayBuffer> | null = null;
  #version: string | null = null;

  constructor(
    private readonly path: string,
    readonly contentType: string,
  ) {}

  get gzip(): Uint8Array<ArrayBuffer> {
    this.#gzip ??= new Uint8Array(readFileSync(this.path));
    return this.#gzip;
  }

  get body(): Uint8Array<ArrayBuffer> {
    this.#body ??= new Uint8Array(gunzipSync(this.gzip));
    return this.#body;
  }

  /** Must be computed like the versions that `scripts/web.ts` writes into pages. */
  get version(): string {
    this.#version ??= Bun.hash(this.body).toString(36);
    return this.#version;
  }
}

const HTML = "text/html; charset=utf-8";
const JS = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

/** Assets by the path at which they are served. */
export const assets: ReadonlyMap<string, Asset> = new Map([
  ["/ui/", new EmbeddedFile(indexHtml, HTML)],
  ["/ui/early.js", new EmbeddedFile(earlyJs, JS)],
  ["/ui/app.js", new EmbeddedFile(appJs, JS)],
  ["/ui/app.css", new EmbeddedFile(appCss, CSS)],
  ["/ui/plot.js", new EmbeddedFile(plotJs, JS)],
  ["/portal/", new EmbeddedFile(portalHtml, HTML)],
  ["/portal/portal.js", new EmbeddedFile(portalJs, JS)],
  ["/portal/portal.css", new EmbeddedFile(portalCss, CSS)],
  ["/favicon.svg", new EmbeddedFile(favicon, "image/svg+xml")],
  ["/docs", new EmbeddedFile(docsHtml, HTML)],
  ["/docs/swagger-ui.css", new EmbeddedFile(swaggerCss, CSS)],
  ["/docs/swagger-ui-bundle.js", new EmbeddedFile(swaggerJs, JS)],
  ["/docs/init.js", new EmbeddedFile(initJs, JS)],
  ["/docs/init.css", new EmbeddedFile(initCss, CSS)],
  ["/docs/guide/guide.js", new EmbeddedFile(guideJs, JS)],
  ["/docs/guide/guide.css", new EmbeddedFile(guideCss, CSS)],
]);
