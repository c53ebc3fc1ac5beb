import { chapters, guidePages } from "./chapters.ts";
import { frame, type Listed, type PageFiles } from "./frame.ts";
import { Html, html } from "./html.ts";
import { isFromReadme, readmePlace, readmeText } from "./readme-texts.ts";
import { writtenTexts } from "./written-texts.ts";

/** The pages of the guide whose texts are Markdown. */

export const textPages: readonly Listed[] = guidePages.filter(({ name }) => isFromReadme(name) || name in writtenTexts);

/** Returns the text of one of the `textPages`. Its links are relative to the page. */
export function pageText(name: string): string {
  return withServedLinks(isFromReadme(name) ? readmeText(name) : writtenTexts[name]!);
}

/** Returns the document of a page. */
export function textPage(files: PageFiles, { title, name }: Listed): string {
  const at = guidePages.findIndex((page) => page.name === name);
  const [before, after] = [guidePages[at - 1], guidePages[at + 1]];
  return frame(
    files,
    title,
    html`<article class="text">${new Html(Bun.markdown.html(pageText(name), MARKDOWN))}</article>
      <nav class="turn" aria-label="Pages">${[before, after]
        .filter((page) => page !== undefined)
        .map(
          (page) =>
            html`<a href="${page.name}">${page === before ? "← " : ""}${page.title}${page === after ? " →" : ""}</a> `,
        )}</nav>`,
  );
}

/** Returns the document with the list of all pages. */
export function guideIndex(files: PageFiles): string {
  const lists = chapters.map(
    ([heading, pages]) =>
      html`<h2>${heading}</h2><ul>${pages.map(
        ({ name, title, about }) => html`<li><a href="${name}">${title}</a>: ${about}</li>`,
      )}</ul>`,
  );
  return frame(files, "Contents", html`<article class="text"><h1>Guide</h1>${COMMANDS}${lists}</article>`);
}

/**
 * Returns a text with links to pages instead of links to files. In the repository, pages and the README
 * link to each other's files, so that the links also work where the files are read.
 */
function withServedLinks(text: string): string {
  return text
    .replace(/\]\((?:web\/guide\/pages\/)?([a-z-]+)\.md\)/g, "]($1)")
    .replace(/\]\((?:\.\.\/\.\.\/\.\.\/README\.md)?#([a-z-]+)\)/g, (link, anchor) => {
      const place = readmePlace(anchor);
      return place === null ? link : `](${place})`;
    });
}

/** What the commands of all pages need. */
const COMMANDS = html`<p>
  The commands assume a server at <code>http://127.0.0.1:8071</code>, started with
  <code>boathook serve --data-dir data</code> in the directory in which you run them, and the application
  <code>demo</code>, which the first start creates. They read the root token from the file
  <code>data/root-token</code>. This starts such a server on new data, with its log in a file, so that the token is
  written to that file too:
</p>
<pre><code>boathook serve --data-dir data &gt; boathook.log &amp;</code></pre>
<p>If the first start printed the token instead, because it ran in a terminal, write it to that file.</p>`;

/** HTML in the text is shown, not interpreted. */
const MARKDOWN = { headings: { ids: true }, noHtmlBlocks: true, noHtmlSpans: true } as const;
