// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files have variables in this form
/** Random configurations, with values for every field that the API takes. */
import fc from "fast-check";
import { textProblem } from "../../src/core/rule.ts";
import { selfSigned } from "./certificate.ts";

type Json = Readonly<Record<string, unknown>>;
type Entry = fc.Arbitrary<Json>;

/** Texts that a file must quote or escape. */
const AWKWARD = [
  ...[
    "",
    " ",
    "yes",
    "null",
    "~",
    "1e3",
    "0x1F",
    "2026-01-01",
    "- a",
    "a: b",
    "# c",
    "'",
    '"',
    "\\",
    "{",
    "[set",
    "<<",
  ],
  ...[
    "line\nline\n",
    "\n\n",
    " indented\n  more\n",
    "tab\there",
    "\r\n",
    "trailing ",
    "ümläut 🙂",
    "\u2028",
    "\ufeff",
    "\u0085",
  ],
  ...[
    "${HOME}",
    "$${HOME}",
    "$$$${A_1}x${B}",
    "${}",
    "$ {A}",
    "${1}",
    "|",
    ">",
    "%",
    "@",
    "`",
    "!tag",
    "&a",
    "*a",
    "? x",
    "---",
  ],
];
const text = fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ unit: "grapheme", maxLength: 30 }));
const validText = text.filter((one) => textProblem(one) === null);
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_.-]{0,8}$/);
const awkwardName = fc.oneof(
  name,
  fc.constantFrom("1", "1.0", "true", "null", "0x10", "1e5", "-", "_", "no", ".5", "<<x"),
);
const uid = awkwardName.filter((one) => /^[a-zA-Z0-9_.-]+$/.test(one) && !/^(app|ep|src)_/.test(one));
const metadata = fc.dictionary(
  validText.filter((one) => one !== "__proto__"),
  validText,
  { maxKeys: 3 },
);
const optional = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>, requiredKeys: readonly string[]): Entry =>
  fc.record(fields, { requiredKeys: [...requiredKeys] }) as Entry;
const secret = "a-secret-of-the-test";

export const CODE = "function handler(webhook) {\n\tconst text = `${webhook.eventType} $${1}`;\n  return webhook;\n}\n";
export const FUNCTION = "async function handler(event, ctx) { return `${event.id}`; }";
export const DOWNGRADE = "function downgrade(payload) {\n  payload.text = `${payload.id}`;\n  return payload;\n}";

const eventType = optional(
  {
    name: uid,
    description: validText,
    archived: fc.boolean(),
    deprecated: fc.boolean(),
    schemas: fc.constantFrom(
      null,
      { "1": { type: "object", properties: { "a b": { type: "number", maximum: 1.5 } } } },
      {
        "1": { $schema: "https://json-schema.org/draft/2020-12/schema", type: "string", pattern: "^\\$\\{A\\}$" },
        "2": {},
      },
    ),
    validation: fc.constantFrom("off", "warn", "reject"),
    compatibility: fc.constantFrom("off", "warn", "reject"),
    featureFlags: fc.option(fc.uniqueArray(name, { maxLength: 3 })),
    groupName: fc.option(name),
  },
  ["name", "description"],
);

const payloadVersion = optional(
  {
    version: fc.oneof(fc.constantFrom("2026-01-01", "1.0", "10"), fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/)),
    description: validText,
    eventTypes: fc.option(fc.uniqueArray(name, { minLength: 1, maxLength: 3 })),
    downgrade: fc.constantFrom(null, DOWNGRADE),
    deprecatedAt: fc.constantFrom(null, "2026-01-01T00:00:00.000Z"),
    sunsetAt: fc.constantFrom(null, "2027-01-01T00:00:00.123Z"),
  },
  ["version"],
);

const filters = fc.constantFrom<(Json | null)[]>(
  null,
  {},
  { payload: { "a.b": { $gt: 1 }, name: { $in: ["x", null, true] } }, eventType: { $startsWith: "a" } },
  { $or: [{ headers: { "x-a": "1" } }, { payload: { t: { $regex: "^\\$\\{A\\}" } } }] },
);

const auth = fc.constantFrom<(Json | null)[]>(
  null,
  { type: "bearer", token: secret },
  { type: "basic", user: "someone", password: secret },
  {
    ...{ type: "oauth2", tokenUrl: "https://id.example/token", clientId: "c", clientSecret: secret, scope: "a b" },
    ...{ clientAuth: "body", extraParams: { audience: "${X}" }, extraHeaders: { "X-A": "1" } },
  },
);

const { cert: certificate, key } = selfSigned("hook.example");
/** These need an https URL. */
const tlsAuth = fc.constantFrom<Json[]>(
  { type: "mtls", certificate, key },
  { type: "mtls", certificate, key, ca: certificate },
);

const transformation = fc.constantFrom<(Json | null)[]>(
  null,
  { code: CODE },
  { code: CODE, enabled: true, variables: {} },
  { code: CODE, enabled: true, variables: { "a b": secret, c: secret } },
  { variables: { c: secret } },
);

const common = {
  uid,
  description: validText,
  disabled: fc.boolean(),
  channels: fc.option(fc.uniqueArray(name, { minLength: 1, maxLength: 3 })),
  metadata,
  throttleRate: fc.option(fc.integer({ min: 1, max: 65_535 })),
  version: fc.integer({ min: 1, max: 3 }),
  retrySchedule: fc.option(fc.array(fc.constantFrom("5s", "250ms", "5m", "2h", "3d"), { maxLength: 4 })),
  timeoutMs: fc.option(fc.integer({ min: 100, max: 600_000 })),
  concurrency: fc.option(fc.integer({ min: 1, max: 1000 })),
  ordering: fc.constantFrom("parallel", "fifo"),
  paused: fc.boolean(),
  filter: filters,
  transformation,
};

const httpEndpoint = optional(
  {
    ...common,
    url: fc.constantFrom(
      "https://hook.example/a?b=${C}",
      "http://hook.example:8080/",
      `https://u:${secret}@hook.example/`,
    ),
    payloadMode: fc.constantFrom("full", "reference"),
    batch: fc.constantFrom(null, {}, { maxMessages: 5 }, { maxMessages: 7, maxWaitMs: 0 }),
    headers: fc.constantFrom({}, { "X-Own": "${A}", "x-other": "yes" }, { "X-Api-Key": secret, "X-Own": "1" }),
    tls: fc.constantFrom(null, { ca: certificate }),
  },
  ["uid", "url"],
).chain(withAuth);

/** A user in the URL and `auth` exclude each other, as do two fields for the authority. */
function withAuth(fields: Json): Entry {
  const url = new URL(fields.url as string);
  if (url.username !== "") return fc.constant(fields);
  const arbitrary = url.protocol === "https:" ? fc.oneof({ weight: 3, arbitrary: auth }, tlsAuth) : auth;
  return arbitrary.map((one) =>
    one?.ca === undefined ? { ...fields, auth: one } : { ...fields, tls: null, auth: one },
  );
}

const functionEndpoint: Entry = optional({ ...common }, ["uid"]).map((fields) => {
  return { ...fields, url: "function:", function: { code: FUNCTION, secrets: { KEY: secret } } };
});

const endpoint = fc.oneof({ weight: 4, arbitrary: httpEndpoint }, functionEndpoint);

const endpoints = fc.uniqueArray(endpoint, { maxLength: 4, selector: (one) => one.uid });

const application = optional(
  {
    uid,
    name: validText.filter((one) => one !== ""),
    throttleRate: fc.option(fc.integer({ min: 1, max: 65_535 })),
    quota: fc.constantFrom(null, {}, { endpoints: 100 }, { endpoints: null, messagesPerDay: 7, storedBytes: 1 }),
    metadata,
    endpoints,
  },
  ["uid", "name"],
);

const configs = fc.constantFrom<{ readonly type: string; readonly config: Json; readonly disabled?: true }[]>(
  { type: "generic-webhook", config: {} },
  { type: "generic-webhook", config: { secret } },
  { type: "stripe", config: { secret, toleranceSeconds: 60 } },
  { type: "github", config: { secrets: [secret, secret] } },
  { type: "generic-hmac", config: { secret, header: "X-Signature", prefix: "${P}=" } },
  // A source that is disabled does not connect to its queue.
  { type: "amqp", config: { url: `amqp://u:${secret}@broker.example/v?queue=q` }, disabled: true },
  { type: "cron", config: { schedule: "0 9 * * 1-5", payload: '{"a": "${B}"}', contentType: "application/json" } },
);

const source = configs.chain((config) =>
  optional(
    {
      uid,
      name: validText.filter((one) => one !== ""),
      verification: fc.constantFrom("enforce", "record", "off"),
      answer: fc.constantFrom(null, {}, { status: 201, headers: { "X-A": "1" }, body: "${OK}\n" }),
      eventType: fc.constantFrom(null, "$.type", "header:X-Event", "literal"),
      deduplicate: fc.constantFrom(null, {}, { by: "body", windowSeconds: 5 }),
      ingestRate: fc.option(fc.integer({ min: 1, max: 1000 })),
      disabled: fc.boolean(),
      metadata,
      endpoints,
    },
    ["uid", "name"],
  ).map((fields) => ({ ...fields, ...config })),
);

const listOf = (entry: Entry, key: string, maxLength: number) =>
  fc.uniqueArray(entry, { maxLength, selector: (one) => one[key] });

/** A whole configuration. Endpoints refer to event types and payload versions that exist. */
export const configuration = fc
  .record({
    eventTypes: listOf(eventType, "name", 5),
    payloadVersions: listOf(payloadVersion, "version", 3),
    applications: listOf(application, "uid", 3),
    sources: listOf(source, "uid", 3),
  })
  .chain((file) => {
    const names = file.eventTypes.filter(({ archived }) => archived !== true).map((one) => one.name as string);
    const versions = file.payloadVersions.map(({ version }) => version);
    const reference = fc.record(
      {
        eventTypes: names.length === 0 ? fc.constant(null) : fc.option(fc.subarray(names, { minLength: 1 })),
        ...(versions.length > 0 && { apiVersion: fc.constantFrom(...versions) }),
      },
      { requiredKeys: [] },
    );
    return fc.infiniteStream(reference).map((references) => ({
      ...file,
      applications: file.applications.map((one) => ({
        ...one,
        ...(Array.isArray(one.endpoints) && {
          endpoints: one.endpoints.map((own) => ({ ...own, ...references.next().value })),
        }),
      })),
    }));
  });

/** Returns a file with secrets in the places of marks, as a person fills them in. */
export function withSecrets(file: string): string {
  return file
    .replace(/(?<=\bkey"?: ?)"\[set\]"/g, () => JSON.stringify(key))
    .replaceAll('"[set]"', secret)
    .replaceAll(":***@", `:${secret}@`);
}
