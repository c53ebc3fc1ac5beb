/** The guide's page of providers, built from their table. */
import { configFieldsOf } from "../../receive/config.ts";
import { handshakes } from "../../receive/handshakes/index.ts";
import type { ConfigField, Provider } from "../../receive/provider.ts";
import { providers } from "../../receive/providers/index.ts";
import { frame, type PageFiles } from "./frame.ts";
import { type Html, html } from "./html.ts";
import { confidenceTexts, kindTexts, stateTexts } from "./words.ts";

/** Fields that every provider of its kind has. They are explained once, above the list. */
const COMMON: ReadonlySet<string> = new Set(["secrets", "toleranceSeconds", "url"]);

/** Returns whether sources of a provider have a URL. */
function hasUrl({ id, category }: Provider): boolean {
  return id !== "cron" && category !== "queue";
}

/** Returns the document. `rows` are the providers in any order. */
export function providersPage(files: PageFiles, rows: readonly Provider[] = providers): string {
  const sorted = [...rows].sort((a, b) => a.name.localeCompare(b.name, "en", { sensitivity: "base" }));
  const main = html`<h1>Providers</h1>
      ${introduction}
      <div class="search" id="provider-search" hidden>
        <label for="provider-words">Search providers</label>
        <input type="search" id="provider-words" autocomplete="off" spellcheck="false" />
        <p class="muted small" id="provider-count" role="status">${String(sorted.length)} providers</p>
      </div>
      <ul class="providers">
        ${sorted.map(article)}
      </ul>`;
  return frame(files, "Providers", main);
}

const introduction = html`<p>
        A source receives the webhooks of one provider. Create it on the page
        <a href="../../ui/#/source/new">New source</a>, or with <code>POST /ingest/api/v1/source</code>
        and the <code>type</code> shown below the name of the provider.
      </p>
      <p>
        Paste the URL of the source where the provider asks for a webhook URL or endpoint. Paste the
        values that the provider shows into the fields of <code>config</code> listed below.
      </p>
      <p>
        Every source also accepts <code>url</code>: the URL registered with the provider, if it is not
        the URL of the source. A provider with a <code>secret</code> also accepts <code>secrets</code>,
        a list for the time of a rotation. <code>toleranceSeconds</code> sets how old a signed time may
        be, if the provider signs one.
      </p>`;

function article(provider: Provider): Html {
  const { id, name, aliases, kind, state, confidence } = provider;
  const words = [id, name, ...aliases].join(" ").toLowerCase();
  return html`<li data-words="${words}"><article id="${id}">
          <h2>${name}</h2>
          <p class="type"><code>${id}</code></p>
          <dl>
            ${fact("Check", `${kindTexts[kind]}${headersOf(provider)}`)}
            ${fact("State", html`<strong>${stateTexts[state].word}</strong>: ${stateTexts[state].text}`)}
            ${fact("Confidence", confidenceTexts[confidence])}
            ${fact("What to paste", paste(provider))}
            ${fact("Handshake", handshakesOf(provider))}
            ${aliases.length === 0 ? [] : fact("Also called", aliasesOf(aliases))}
          </dl>
        </article></li>
        `;
}

function fact(term: string, content: string | Html): Html {
  return html`<div><dt>${term}</dt><dd>${content}</dd></div>`;
}

function headersOf({ headers }: Provider): string {
  return headers.length === 0 ? "." : `, in ${headers.join(", ")}.`;
}

function paste(provider: Provider): Html {
  const fields = configFieldsOf(provider).filter((one) => !COMMON.has(one.name) || one.isRequired);
  const url = !hasUrl(provider) ? [] : [html`<li>The URL of the source, into the settings of the provider.</li>`];
  return html`<ul>${url}${fields.map(field)}</ul>`;
}

function field({ name, label, isRequired }: ConfigField): Html {
  return html`<li>${label}, into <code>${name}</code>${isRequired ? "" : " (optional)"}.</li>`;
}

function handshakesOf({ handshake }: Provider): Html | string {
  if (handshake.length === 0) return "None.";
  return html`<ul>${handshake.map((name) => html`<li>${handshakes[name].description}.</li>`)}</ul>`;
}

function aliasesOf(aliases: readonly string[]): Html {
  return html`${aliases.map((alias, at) => html`${at === 0 ? "" : ", "}<code>${alias}</code>`)}`;
}
