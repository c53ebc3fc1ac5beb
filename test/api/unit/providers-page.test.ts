import { describe, expect, test } from "bun:test";
import { providersPage } from "../../../src/api/guide/providers-page.ts";
import { confidenceTexts, kindTexts, stateTexts } from "../../../src/api/guide/words.ts";
import { configFieldsOf } from "../../../src/receive/config.ts";
import { handshakes } from "../../../src/receive/handshakes/index.ts";
import type { Provider } from "../../../src/receive/provider.ts";
import { providers } from "../../../src/receive/providers/index.ts";

const files = { css: "guide.css?v=1", js: "guide.js?v=1" };
const page = providersPage(files);

/** Parses the page as a browser does, and returns the text of the article of each provider by its id. */
async function articlesOf(document: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  let current = "";
  const rewriter = new HTMLRewriter().on("article", {
    element(element) {
      current = element.getAttribute("id") ?? "";
      texts.set(current, "");
    },
    text({ text }) {
      texts.set(current, texts.get(current) + text);
    },
  });
  await rewriter.transform(new Response(document)).text();
  return new Map([...texts].map(([id, text]) => [id, decoded(text)]));
}

/** Decodes character references. The rewriter passes them on. */
function decoded(text: string): string {
  const characters: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name]!);
}

describe("the guide's page of providers", () => {
  test("every provider of the table stands in it once, with everything that a user needs", async () => {
    const articles = await articlesOf(page);
    expect([...articles.keys()].sort()).toEqual(providers.map(({ id }) => id).sort());
    for (const provider of providers) {
      const { id, name, aliases, kind, state, confidence, headers, handshake } = provider;
      const fields = configFieldsOf(provider).filter(({ name }) => provider.config.some((own) => own.name === name));
      const expected = [
        ...[id, name, ...aliases, ...headers, kindTexts[kind], confidenceTexts[confidence]],
        ...[stateTexts[state].word, stateTexts[state].text],
        ...fields.flatMap(({ name, label }) => [name, label]),
        ...handshake.map((one) => handshakes[one].description),
      ];
      const text = articles.get(id)!;
      expect([id, expected.filter((part) => !text.includes(part))]).toEqual([id, []]);
    }
  });

  test("it says which fields are optional, and that a schedule has no URL", async () => {
    const articles = await articlesOf(page);
    expect(articles.get("generic-hmac")).toContain("Time header, into timestampHeader (optional).");
    expect(articles.get("generic-hmac")).toContain("Signature header, into header.");
    expect(articles.get("stripe")).toContain("The URL of the source");
    expect(articles.get("cron")).not.toContain("The URL of the source");
  });

  test("texts of the table are shown as text", async () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'>&lt;`;
    const field = { ...providers[1]!.config[0]!, label: hostile };
    const row: Provider = {
      ...{ ...providers[1]!, id: hostile, name: hostile, aliases: [hostile] },
      ...{ headers: [hostile], config: [field] },
    };
    const built = providersPage(files, [row]);
    expect(built).not.toContain("<img");
    expect(built.match(/<script/g)).toHaveLength(1);
    const [text] = (await articlesOf(built)).values();
    expect(text!.split(hostile)).toHaveLength(6);
  });

  test("it refers only to files of this server, by relative paths", () => {
    const references = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, reference]) => reference!);
    expect(references).toContain("guide.css?v=1");
    expect(references.filter((reference) => /^\/|:/.test(reference))).toEqual([]);
    expect(page).not.toMatch(/\bstyle=|\bon\w+=/);
  });
});
