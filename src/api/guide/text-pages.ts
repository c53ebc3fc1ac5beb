import changelog from "../../../web/guide/pages/changelog.md" with { type: "text" };
import doctor from "../../../web/guide/pages/doctor.md" with { type: "text" };
import keys from "../../../web/guide/pages/keys.md" with { type: "text" };
import metrics from "../../../web/guide/pages/metrics.md" with { type: "text" };
import moving from "../../../web/guide/pages/moving.md" with { type: "text" };
import notices from "../../../web/guide/pages/notices.md" with { type: "text" };
import outgoing from "../../../web/guide/pages/outgoing.md" with { type: "text" };
import replica from "../../../web/guide/pages/replica.md" with { type: "text" };
import running from "../../../web/guide/pages/running.md" with { type: "text" };
import { frame, type Listed, type PageFiles } from "./frame.ts";
import { Html, html } from "./html.ts";

/** The pages of the guide that are written as Markdown, in `web/guide/pages`. */

interface TextPage extends Listed {
  readonly text: string;
}

/** In the order in which they are listed. */
export const textPages: readonly TextPage[] = [
  {
    name: "running",
    title: "Running it",
    about: "install, systemd, containers, TLS, Unix socket, nginx and Caddy, signals",
    text: running,
  },
  {
    name: "outgoing",
    title: "Outgoing connections",
    about: "tokens, OAuth 2.0, client certificates, private authorities, a proxy",
    text: outgoing,
  },
  {
    name: "metrics",
    title: "Metrics, alerts and traces",
    about: "what is measured and when to worry, alert rules, a board, and traces over OTLP",
    text: metrics,
  },
  {
    name: "notices",
    title: "Notices",
    about: "mail, Slack and Teams about endpoints that fail and backlogs that grow",
    text: notices,
  },
  {
    name: "doctor",
    title: "Checking an installation",
    about: "what boathook doctor checks, and what to do about each finding",
    text: doctor,
  },
  {
    name: "keys",
    title: "Keys and tokens",
    about: "replacing the encryption key and the root token, and backups from before",
    text: keys,
  },
  { name: "moving", title: "Moving to another machine", about: "with one file and no message lost", text: moving },
  {
    name: "replica",
    title: "Replica",
    about: "a copy that is updated with each commit: what may be lost with the disk, restoring it, watching it",
    text: replica,
  },
  { name: "changelog", title: "Changelog", about: "what has changed, by version", text: changelog },
];

const PROVIDERS: Listed = {
  name: "providers",
  title: "Providers",
  about: "whose webhooks a source can receive, and how their signatures are checked",
};

/** All pages of the guide, in the order in which they are listed. */
export const guidePages: readonly Listed[] = [
  ...textPages.filter(({ name }) => name !== "changelog"),
  PROVIDERS,
  ...textPages.filter(({ name }) => name === "changelog"),
];

/** Returns the document of a page. */
export function textPage(files: PageFiles, { title, text }: TextPage): string {
  return frame(
    files,
    title,
    html`<article class="text">${new Html(Bun.markdown.html(text, MARKDOWN))}</article>`,
    guidePages,
  );
}

/** Returns the document with the list of all pages. */
export function guideIndex(files: PageFiles): string {
  const items = guidePages.map(({ name, title, about }) => html`<li><a href="${name}">${title}</a>: ${about}</li>`);
  return frame(files, "Contents", html`<h1>Guide</h1><ul>${items}</ul>`, guidePages);
}

/** HTML in the text is shown, not interpreted. */
const MARKDOWN = { headings: { ids: true }, noHtmlBlocks: true, noHtmlSpans: true } as const;
