import { afterAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/edge/clock.ts";
import { SandboxPool } from "../../src/sandbox/pool.ts";
import { openSandboxWorker } from "../../src/worker-threads.ts";
import { PRESETS } from "../../web/presets/presets.ts";

/** The presets run in the real sandbox. Their results are checked against the limits that each receiver documents. */

const MIB = 1_048_576;
const NOW = Date.UTC(2026, 0, 1);
const pool = new SandboxPool(
  systemClock,
  { timeoutMs: 1_000, memoryBytesMax: 16 * MIB, outputCharsMax: 2 * MIB, workersMax: 1 },
  openSandboxWorker,
);
afterAll(() => pool.stop());

const ID = "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr";
const about = { id: ID, timestamp: new Date(NOW).toISOString() };
const LONG = "x".repeat(200_000);

/** Payloads as they are stored, by what is special about them. */
const PAYLOADS: Readonly<Record<string, string>> = {
  "an object": '{"id": 7, "customer": {"name": "Ada"}}',
  "an empty object": "{}",
  "a list": "[1, [2], {}]",
  null: "null",
  "a number": "0",
  false: "false",
  "an empty text": "",
  "a text that is not JSON": "name=Ada&paid=yes",
  "a JSON text": '"plain"',
  "a long text": LONG,
  "a long object": JSON.stringify({ text: LONG, list: Array.from({ length: 5_000 }, (_, at) => ({ at })) }),
  "many lines": JSON.stringify(Array.from({ length: 500 }, (_, at) => at)),
  "characters of markup": JSON.stringify({ a: "<!channel> & <b> @everyone ```code``` [x](y) *b* _i_" }),
  "only characters of markup": "&<>`".repeat(5_000),
  "wide characters": "\u{1f600}".repeat(5_000),
  "wide characters at an odd place": `a${"\u{1f600}".repeat(5_000)}`,
  "control characters": JSON.stringify("\u0000\u0007\n\r\t\u2028".repeat(3_000)),
  "half a character": '{"a": "\\ud800"}',
};

interface Outcome {
  readonly contentType: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the results are checked property by property
  readonly body: any;
}

/** Runs the code of a preset as an attempt does. */
async function outcome(
  preset: (typeof PRESETS)[number],
  form: "webhook" | "received",
  payload: string,
  eventType = "invoice.paid",
): Promise<Outcome> {
  const isReceived = form === "received";
  const argument = {
    ...about,
    eventType,
    headers: {},
    ...(!isReceived && { url: "https://example.com/", cancel: false }),
  };
  const field = isReceived ? "body" : "payload";
  const bytes = new Uint8Array(new TextEncoder().encode(payload));
  const call = { code: preset[form], argument: JSON.stringify(argument), variables: {}, now: NOW, seed: 1 };
  const result = await pool.run(1, () => ({
    ...call,
    payload: { field, bytes, form: isReceived ? ("text" as const) : ("json" as const) },
  }));
  if (result.kind === "failed") throw new Error(`line ${result.line}: ${result.message}`);
  if (!(result.payload instanceof Uint8Array)) throw new Error(`The payload is ${result.payload}.`);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(result.payload);
  const { headers } = JSON.parse(result.json!) as { headers: Record<string, string> };
  return { contentType: headers["content-type"]!, text, body: JSON.parse(text) };
}

/** Half of a character would be refused by receivers or shown as a replacement. */
const isWhole = (text: string) => !/[\ud800-\udbff](?![\udc00-\udfff])/.test(text);

/** https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/messaging/formatting-message-text */
function expectSlack({ contentType, body }: Outcome): void {
  expect(contentType).toBe("application/json");
  expect(Object.keys(body)).toEqual(["text", "blocks"]);
  expect(body.text.length).toBeWithin(1, 4_001);
  const [header, section] = body.blocks;
  expect(body.blocks.map(({ type }: { type: string }) => type)).toEqual(["header", "section"]);
  expect([header.text.type, section.text.type]).toEqual(["plain_text", "mrkdwn"]);
  expect(header.text.text.length).toBeWithin(1, 151);
  expect(section.text.text.length).toBeWithin(7, 3_001);
  const shown = /^```([\s\S]+)```$/.exec(section.text.text)![1]!;
  expect(shown).not.toMatch(/[`<>]|&(?!(amp|lt|gt);)/);
  expect(isWhole(shown)).toBe(true);
}

/** https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors and https://adaptivecards.io/explorer */
function expectTeams({ contentType, text, body }: Outcome): void {
  expect(contentType).toBe("application/json");
  expect(body.type).toBe("message");
  expect(Buffer.byteLength(text)).toBeLessThan(28_000);
  const [{ contentType: kind, content }] = body.attachments;
  expect([body.attachments.length, kind]).toEqual([1, "application/vnd.microsoft.card.adaptive"]);
  expect([content.type, content.version]).toEqual(["AdaptiveCard", "1.4"]);
  expect(content.body.length).toBeWithin(2, 42);
  for (const { type, inlines } of content.body) {
    expect([type, inlines.length, inlines[0].type]).toEqual(["RichTextBlock", 1, "TextRun"]);
    expect(inlines[0].text).not.toBe("");
    expect(inlines[0].text).not.toContain("\n");
  }
}

/** https://discord.com/developers/docs/resources/webhook and …/resources/message#embed-object-embed-limits */
function expectDiscord({ contentType, body }: Outcome): void {
  expect(contentType).toBe("application/json");
  expect(body.content.length).toBeWithin(1, 2_001);
  expect(body.allowed_mentions).toEqual({ parse: [] });
  const [{ title, description, timestamp }] = body.embeds;
  expect(body.embeds).toHaveLength(1);
  expect(title.trim().length).toBeWithin(1, 257);
  expect(description.length).toBeWithin(1, 4_097);
  expect(title.length + description.length).toBeLessThanOrEqual(6_000);
  expect(new Date(timestamp).toISOString()).toBe(timestamp);
  const shown = /^```json\n([\s\S]+)\n```$/.exec(description)![1]!;
  expect(shown).not.toContain("`");
  expect(isWhole(shown)).toBe(true);
}

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and …/formats/json-format.md */
function expectCloudEvent({ contentType, body }: Outcome): void {
  expect(contentType).toBe("application/cloudevents+json");
  for (const name of Object.keys(body)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  expect([body.specversion, body.id, body.source]).toEqual(["1.0", ID, "/webhooks"]);
  expect(body.type).not.toBe("");
  expect(new Date(body.time).toISOString()).toBe(body.time);
  expect(["application/json", "text/plain"]).toContain(body.datacontenttype);
}

const CHECKS: Readonly<Record<string, (result: Outcome) => void>> = {
  slack: expectSlack,
  teams: expectTeams,
  discord: expectDiscord,
  cloudevents: expectCloudEvent,
};

for (const preset of PRESETS) {
  const check = CHECKS[preset.name]!;
  describe(preset.title, () => {
    for (const form of ["webhook", "received"] as const) {
      for (const [what, payload] of Object.entries(PAYLOADS)) {
        test(`the ${form} preset for ${preset.title} is valid for ${what}`, async () => {
          check(await outcome(preset, form, payload));
        });
      }
      test(`the ${form} preset for ${preset.title} is valid for event types that are missing, long or hostile`, async () => {
        for (const eventType of ["", "t".repeat(256), "<!channel>&`*_@everyone"]) {
          check(await outcome(preset, form, '{"id": 1}', eventType));
        }
      });
    }
  });
}

test("the CloudEvents preset keeps the payload, and says whether it is JSON", async () => {
  const preset = PRESETS.find(({ name }) => name === "cloudevents")!;
  const of = async (payload: string) => (await outcome(preset, "webhook", payload)).body;
  expect(await of('{"id": 7}')).toMatchObject({ data: { id: 7 }, datacontenttype: "application/json" });
  expect(await of("a=b")).toMatchObject({ data: "a=b", datacontenttype: "text/plain" });
});

test("every preset is shorter than the limit of code, and both of its forms define a handler", () => {
  for (const { webhook, received } of PRESETS) {
    expect([webhook.length < 51_200, received.length < 51_200]).toEqual([true, true]);
    expect([webhook, received].map((code) => code.startsWith("function handler("))).toEqual([true, true]);
  }
});
