import { type Html, html } from "./html.ts";

/** The URLs of the guide's files, relative to its pages. */
export interface PageFiles {
  readonly css: string;
  /** Absent if the page needs no script. */
  readonly js?: string;
}

/** A page in the list of the guide. */
export interface Listed {
  /** Last part of its URL: the page is served at `/docs/guide/<name>`. */
  readonly name: string;
  readonly title: string;
  /** A sentence fragment for the list, without a full stop. */
  readonly about: string;
}

/** Returns a document of the guide. All pages are in one folder. */
export function frame({ css, js }: PageFiles, title: string, main: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Boathook guide</title>
    <link rel="icon" href="../../favicon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="${css}" />
${js === undefined ? "" : html`    <script type="module" src="${js}"></script>\n`}  </head>
  <body>
    <header class="site-header"><div class="container">
      <a href="./"><strong>Boathook guide</strong></a>
      <nav aria-label="Main"><a href="./">Contents</a> <a href="../../docs">API</a></nav>
    </div></header>
    <main class="container">
      ${main}
    </main>
  </body>
</html>
`.text;
}
