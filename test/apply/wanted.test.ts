// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files have variables in this form
import { describe, expect, test } from "bun:test";
import { FileInvalid } from "../../src/apply/faults.ts";
import { readConfiguration } from "../../src/apply/wanted.ts";

const ENVIRONMENT = { TOKEN: "a-secret", EMPTY: "" };

const read = (text: string) => readConfiguration(text, "boathook.yaml", ENVIRONMENT);

/** Returns the lines of the message about a file that cannot be applied. */
async function faultsOf(text: string): Promise<string[]> {
  const error = await read(text).then(
    () => null,
    (thrown) => thrown,
  );
  if (!(error instanceof FileInvalid)) throw new Error(`Expected faults, but got ${error}.`);
  return error.message.split("\n");
}

async function fieldsOf(text: string): Promise<unknown> {
  return (await read(text)).things.map(({ kind, id, fields }) => [kind, id, fields]);
}

describe("a configuration file", () => {
  test("a configuration file can be YAML or JSON", async () => {
    const yaml = `
eventTypes:
  - name: user.signup
    schemas: {1: {type: object}}
applications:
  - uid: acme
    name: Acme
    endpoints:
      - {uid: main, url: "https://hook.example/", timeoutMs: 5000}
`;
    const json = {
      eventTypes: [{ name: "user.signup", schemas: { "1": { type: "object" } } }],
      applications: [
        { uid: "acme", name: "Acme", endpoints: [{ uid: "main", url: "https://hook.example/", timeoutMs: 5000 }] },
      ],
    };
    const expected = [
      ["eventType", "user.signup", { schemas: { "1": { type: "object" } } }],
      ["application", "acme", { name: "Acme" }],
      ["endpoint", "main", { url: "https://hook.example/", timeoutMs: 5000 }],
    ];
    for (const text of [yaml, JSON.stringify(json), JSON.stringify(json, null, "\t"), `\ufeff${yaml}`]) {
      expect(await fieldsOf(text)).toEqual(expected);
    }
    expect([...(await read(yaml)).lists]).toEqual(["eventType", "application"]);
  });

  test("an empty configuration file has no things", async () => {
    for (const text of ["", "# nothing\n", "{}", "---\n"]) expect(await fieldsOf(text)).toEqual([]);
  });

  test("anchors and merge keys share values, and own keys count more than merged ones", async () => {
    const text = `
applications:
  - uid: a
    endpoints:
      - &base {uid: x, url: "https://a.example/", description: Base, retrySchedule: [5s]}
      - {<<: *base, uid: y, description: Own}
      - <<: [{timeoutMs: 500}, *base]
        uid: z
`;
    const base = { url: "https://a.example/", description: "Base", retrySchedule: ["5s"] };
    expect(await fieldsOf(text)).toEqual([
      ["application", "a", {}],
      ["endpoint", "x", base],
      ["endpoint", "y", { ...base, description: "Own" }],
      ["endpoint", "z", { ...base, timeoutMs: 500 }],
    ]);
  });

  test("the numbers of filters keep their text, and other numbers are ordinary", async () => {
    const filter = "{payload: {a: 1.0, b: 9007199254740993, c: 0x10, d: 5}}";
    const { things } = await read(`applications: [{uid: a, endpoints: [{uid: b, filter: ${filter}, timeoutMs: 500}]}]`);
    expect(JSON.stringify(things[1]!.fields.filter)).toBe('{"payload":{"a":1.0,"b":9007199254740993,"c":16,"d":5}}');
    expect(things[1]!.fields.timeoutMs).toBe(500);
  });
});

describe("variables", () => {
  const nameOf = async (text: string) => {
    const { things } = await read(JSON.stringify({ applications: [{ uid: "a", name: text }] }));
    return things[0]!.fields.name;
  };

  test("${NAME} stands for a variable of the environment, also within a text", async () => {
    expect(await nameOf("${TOKEN}")).toBe("a-secret");
    expect(await nameOf("x ${TOKEN}${EMPTY}${TOKEN} y")).toBe("x a-secreta-secret y");
  });

  test("of two or more dollar signs one is removed, and other dollar signs are text", async () => {
    expect(await nameOf("$${TOKEN}")).toBe("${TOKEN}");
    expect(await nameOf("$$${TOKEN} $$${NOT_SET}")).toBe("$${TOKEN} $${NOT_SET}");
    expect(await nameOf("$TOKEN $ {A} ${} ${1} ${a-b} $$")).toBe("$TOKEN $ {A} ${} ${1} ${a-b} $$");
  });

  test("variables and YAML in the value of a variable are text", async () => {
    const { things } = await readConfiguration('applications: [{uid: a, name: "${A}"}]', "f", { A: "${B}, uid: {" });
    expect(things[0]!.fields).toEqual({ name: "${B}, uid: {" });
  });

  test("variables in code are not replaced", async () => {
    const code = "function handler(webhook) { webhook.payload = `${webhook.eventType} ${TOKEN}`; return webhook; }";
    const downgrade = "function downgrade(payload) { return `${payload}`; }";
    const endpoints = [{ uid: "e", transformation: { code } }];
    const file = { payloadVersions: [{ version: "1", downgrade }], applications: [{ uid: "a", endpoints }] };
    const { things } = await read(JSON.stringify(file));
    expect(things.map(({ fields }) => fields)).toEqual([{ downgrade }, {}, { transformation: { code } }]);
  });
});

const endpoint = (fields: string) =>
  `applications:\n  - uid: acme\n    endpoints:\n      - uid: main\n        ${fields}\n`;

const FAULTS: readonly (readonly [what: string, text: string, faults: readonly string[]])[] = [
  [
    "a text that is not an object",
    "just text",
    ["1:1: The file must be an object. Allowed: eventTypes, payloadVersions, applications, sources."],
  ],
  ["a list", "- 1", ["1:1: The file must be an object. Allowed: eventTypes, payloadVersions, applications, sources."]],
  [
    "an unknown list",
    "apps: []",
    ["1:1: apps: Unknown field. Allowed: eventTypes, payloadVersions, applications, sources."],
  ],
  [
    "an unknown field",
    endpoint("urll: https://a.example/"),
    ["5:9: applications[0].endpoints[0].urll: Unknown field. Did you mean url?"],
  ],
  [
    "an unknown field of an object",
    endpoint("batch: {max: 1}"),
    ["5:17: applications[0].endpoints[0].batch.max: Unknown field."],
  ],
  [
    "an unknown field that is like no other",
    endpoint("retention: 5"),
    ["5:9: applications[0].endpoints[0].retention: Unknown field."],
  ],
  [
    "a name in the form of another language",
    endpoint("event_types: [a]"),
    ["5:9: applications[0].endpoints[0].event_types: Unknown field. Did you mean eventTypes?"],
  ],
  [
    "a value of another type",
    "applications:\n  - {uid: 5}",
    ["2:6: applications[0].uid: Expected string, but got integer."],
  ],
  [
    "a list in the place of an object",
    "applications: [[]]",
    ["1:16: applications[0]: Expected object, but got array."],
  ],
  ["a list without a value", "applications:", ["1:1: applications: Expected array, but got null."]],
  ["a missing identity", "eventTypes:\n  - {description: a}", ["2:5: eventTypes[0]: The event-type needs `name`."]],
  ["a uid that is null", "sources:\n  - uid: null", ["2:5: sources[0]: The source needs `uid`."]],
  [
    "a duplicate identity",
    "eventTypes:\n  - name: a\n  - name: a",
    ["3:5: eventTypes[1].name: This name is used twice: it is also that of eventTypes[0]."],
  ],
  ["a duplicate key", "eventTypes: []\neventTypes: []", ["2:1: Map keys must be unique."]],
  [
    "a duplicate key in two forms",
    "eventTypes: [{name: a, schemas: {1: {}, '1': {}}}]",
    ["1:34: eventTypes[0].schemas.1: This key is used twice."],
  ],
  [
    "YAML that cannot be parsed",
    "a: [1",
    ["1:6: Flow sequence in block collection must be sufficiently indented and end with a ]."],
  ],
  ["a tag", "a: !!js/function x", ["1:4: Unresolved tag: tag:yaml.org,2002:js/function."]],
  ["an alias of itself", "a: &x [*x]", ["1:8: a[0][0][0][0][0]"]],
  ["two documents", "---\na: 1\n---\nb: 2", ["3:1: The file must contain one YAML document."]],
  [
    "a variable that is not set",
    endpoint('url: "https://${HOST_OF_TEST}/"'),
    [
      "5:9: applications[0].endpoints[0].url: The environment variable HOST_OF_TEST is not set. Set it, or write $${HOST_OF_TEST} for the text itself.",
    ],
  ],
  [
    "a value outside its limits",
    endpoint("timeoutMs: 5"),
    ["5:9: applications[0].endpoints[0].timeoutMs: Expected integer to be greater or equal to 100."],
  ],
  [
    "a URL of an unknown scheme",
    endpoint("url: ftp://a.example/"),
    ["5:9: applications[0].endpoints[0].url: The scheme of the URL must be"],
  ],
  [
    "a signing secret of a wrong form",
    endpoint("secret: abc"),
    ["5:9: applications[0].endpoints[0].secret: Must be whsec_ followed by"],
  ],
  [
    "a filter with an unknown operator",
    endpoint("filter: {payload: {a: {$foo: 1}}}"),
    ["5:32: applications[0].endpoints[0].filter.payload.a.$foo: "],
  ],
  [
    "an authentication without its secret",
    endpoint("url: https://a.example/\n        auth: {type: bearer}"),
    ["6:9: applications[0].endpoints[0].auth.token: This field is required for the type bearer."],
  ],
  [
    "code that cannot be parsed",
    endpoint("transformation: {code: 'function handler( {'}"),
    ["5:26: applications[0].endpoints[0].transformation.code: line 1"],
  ],
  [
    "a function without a handler",
    endpoint("url: 'function:'\n        function: {code: 'const a = 1;'}"),
    ["6:20: applications[0].endpoints[0].function.code: The code must define a function `handler`."],
  ],
  [
    "a function with another URL",
    endpoint("url: https://a.example/\n        function: {code: 'function handler() {}'}"),
    ["6:9: applications[0].endpoints[0].function: Only an endpoint with the URL function:"],
  ],
  [
    "a field in both of its names",
    endpoint("eventTypes: [a]\n        filterTypes: [a]"),
    ["6:9: applications[0].endpoints[0].filterTypes: Must not be sent together"],
  ],
  [
    "a downgrade that fails",
    "payloadVersions: [{version: '1', downgrade: 'x()'}]",
    ["1:34: payloadVersions[0].downgrade: line 1"],
  ],
  [
    "a schema that cannot be used",
    "eventTypes: [{name: a, schemas: {'1': {type: objekt}}}]",
    ["1:40: eventTypes[0].schemas.1.type: "],
  ],
  [
    "an unknown type of a source",
    "sources: [{uid: a, type: strpe, config: {secret: x}}]",
    ["1:20: sources[0].type: Unknown type. The nearest one is `stripe`."],
  ],
  [
    "an unknown field of a source's configuration",
    "sources: [{uid: a, type: stripe, config: {secrt: x}}]",
    ["1:43: sources[0].config.secrt: A source of type stripe has no such field."],
  ],
  ["a source without its secret", "sources: [{uid: a, type: stripe, config: {}}]", ["1:34: sources[0].config"]],
];

describe("what is wrong with a file", () => {
  for (const [what, text, expected] of FAULTS) {
    test(`${what} in a configuration file is reported with its line and column`, async () => {
      const found = await faultsOf(text);
      expect(found).toHaveLength(expected.length);
      for (const [i, line] of expected.entries()) expect(found[i]).toStartWith(`boathook.yaml:${line}`);
    });
  }

  test("the faults of a file are reported in its order, and only the first 20", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `  - name: "${i} "`);
    const found = await faultsOf(`eventTypes:\n${names.join("\n")}\n`);
    expect(found.map((line) => Number(line.split(":")[1]))).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  });

  test("the faults of a file never contain the value of a variable", async () => {
    for (const field of ["secret", "url", "ordering", "auth", "timeoutMs"]) {
      expect((await faultsOf(endpoint(`${field}: "\${TOKEN}"`))).join()).not.toContain("a-secret");
    }
  });

  test("the nodes of 100,000 aliases are found without a search for each", async () => {
    const merges = Array.from({ length: 2000 }, (_, i) => `b${i}: {<<: [${Array(50).fill("*a").join(", ")}]}`);
    expect(await faultsOf(`a: &a {k: v}\n${merges.join("\n")}\n`)).toContain(
      "boathook.yaml:1:1: a: Unknown field. Allowed: eventTypes, payloadVersions, applications, sources.",
    );
  });

  test("an alias stands for the latest node before it that has its anchor", async () => {
    const named = (uid: string, name: string) => `  - {uid: ${uid}, name: ${name}}\n`;
    const text = `applications:\n${named("a", "&n One")}${named("b", "*n")}${named("c", "&n Two")}${named("d", "*n")}`;
    const { things } = await read(text);
    expect(things.map(({ fields }) => fields.name)).toEqual(["One", "One", "Two", "Two"]);
  });

  test("a file whose nesting exceeds the stack is refused with the limit", async () => {
    expect(await faultsOf(`applications: ${"[".repeat(50_000)}${"]".repeat(50_000)}`)).toEqual([
      expect.stringMatching(/^boathook\.yaml:1:\d+: The file is nested deeper than 100 levels\.$/),
    ]);
  });

  test("aliases that stand for very many values are refused", async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`);
    expect(await faultsOf(`a0: &a0 [x]\n${levels.join("\n")}\n`)).toEqual([
      expect.stringMatching(/^boathook\.yaml:\d+:\d+: .*The file has too many values\.$/),
    ]);
  });
});
