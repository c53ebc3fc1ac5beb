import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { eventTypeNameProblem } from "../../src/core/rule.ts";
import {
  asEventTypeName,
  deduplicateByProblem,
  type ExpressionInput,
  eventTypeProblem,
  readEventType,
  readKey,
  tableExpression,
  userExpression,
} from "../../src/receive/expression.ts";

/** Returns an input with a JSON body; `undefined` is a body that is not JSON. */
function inputOf(body: unknown, headers: Record<string, string> = {}, form: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : "";
  const field = (name: string) => form[name] ?? null;
  const input: ExpressionInput = { headers, text, json: () => body, mayHaveMember: () => true, field };
  return input;
}

const claims = (value: unknown) => `e30.${Buffer.from(JSON.stringify(value)).toString("base64url")}.c2ln`;

const BODY = {
  type: "invoice.paid",
  n: 42,
  topic: "orders/create",
  hook: "Push Hook",
  "c d": { "it's": ["x", "y"] },
  a: { b: [{ c: "first" }, { c: "second" }] },
  flag: true,
  nothing: null,
  empty: "",
  blank: " ",
  dots: "..",
  unicode: "é🙂a",
  long: "x".repeat(1000),
};
const HEADERS = { "x-github-event": "push", "x-topic": "orders/create", constructor: "c" };

describe("an event type read from a request", () => {
  const TABLE: readonly (readonly [expression: string, name: string | null])[] = [
    ["$.type", "invoice.paid"],
    ["$.n", "42"],
    ["$.topic", "orders.create"],
    ["$.hook", "Push.Hook"],
    ["$.a.b[0].c", "first"],
    ["$.a.b[1].c", "second"],
    ["$.a.b[2].c", null],
    ["$.a.b[*].c", "first"],
    ["$.a.b.c", null],
    ["$['c d']['it\\'s'][1]", "y"],
    ["$['type']", "invoice.paid"],
    ["$.flag", null],
    ["$.nothing", null],
    ["$.a", null],
    ["$.a.b", null],
    ["$.empty", null],
    ["$.dots", null],
    ["$.blank", null],
    ["$.unicode", "__a"],
    ["$.long", "x".repeat(256)],
    ["$.type.length", null],
    ["$.constructor", null],
    ["$.__proto__", null],
    ["$.toString", null],
    ["header:X-GitHub-Event", "push"],
    ["X-GitHub-Event", "push"],
    ["x-topic", "orders.create"],
    ["header:X-Missing", null],
    ["header:Constructor", "c"],
    ["header:toString", null],
    ["X-GitHub-Event + $.n", "push.42"],
    ["X-GitHub-Event+$.missing", "push"],
    ["$.missing + $.n", "42"],
    ["$.missing + $.gone", null],
    ["$.missing, X-Missing, $.type", "invoice.paid"],
    ["$.dots, $.type", "invoice.paid"],
    ["$.missing, 'ping'", "ping"],
    ["otherKey:type|n", "topic"],
    ["form:kind", "form-kind"],
    ["form:missing", null],
    ["form:events$[*].event", "open"],
    ["form:kind$.event", null],
    ["claim:authorization$.jti", "j1"],
    ["claim:x-topic$.jti", null],
  ];
  const input = inputOf(
    BODY,
    { ...HEADERS, authorization: `Bearer ${claims({ jti: "j1" })}` },
    { kind: "form-kind", events: '[{"event":"open"},{"event":"click"}]' },
  );
  for (const [expression, name] of TABLE) {
    test(`${expression} reads ${JSON.stringify(name?.slice(0, 20) ?? null)}`, () => {
      expect(readEventType(tableExpression(expression), input)).toBe(name);
    });
  }

  test("a claim without a header is one of the JWT in the body", () => {
    const expression = tableExpression("claim:$.type");
    expect(readEventType(expression, inputOf(claims({ type: "user.created" })))).toBe("user.created");
    expect(["a.b", "a..c", ""].map((body) => readEventType(expression, inputOf(body)))).toEqual([null, null, null]);
  });

  test("the path [*].x reads the first item of a list, and nothing from other bodies", () => {
    const expression = tableExpression("[*].event");
    const bodies = [[{ event: "open" }, { event: "click" }], [], {}, "text", 7, null, undefined];
    expect(bodies.map((body) => readEventType(expression, inputOf(body)))).toEqual(["open", ...Array(6).fill(null)]);
  });

  test("a bare word of a user is a literal, and a user's path is read as in the table", () => {
    expect(readEventType(userExpression("order.created"), inputOf(undefined))).toBe("order.created");
    expect(readEventType(userExpression("$.missing, fallback"), inputOf({}))).toBe("fallback");
    expect(readEventType(userExpression("shop + $.topic"), inputOf(BODY))).toBe("shop.orders.create");
  });

  test("joined parts are cut at 256 characters", () => {
    expect(readEventType(tableExpression("$.type + $.long"), inputOf(BODY))).toBe(`invoice.paid.${"x".repeat(243)}`);
  });
});

describe("a key read from a request", () => {
  const read = (expression: string, body: unknown, headers = {}) =>
    readKey(tableExpression(expression), inputOf(body, headers));

  test("a single value is returned unchanged, whatever its characters and length", () => {
    const long = `é/ ${"x".repeat(5000)}`;
    expect(read("$.id", { id: long })).toBe(long);
    expect(read("X-Id", undefined, { "x-id": "a b" })).toBe("a b");
    expect(read("$.id", { id: 7 })).toBe("7");
  });

  const PAIRS: readonly (readonly [what: string, expression: string, one: unknown, other: unknown])[] = [
    ["parts whose texts join to the same text", "$.a + $.b", { a: "x.y", b: "z" }, { a: "x", b: "y.z" }],
    ["batches with the same first item", "[*].id", [{ id: "1" }, { id: "2" }], [{ id: "1" }, { id: "3" }]],
    ["a batch and its first item alone", "[*].id", [{ id: "1" }, { id: "2" }], [{ id: "1" }]],
  ];
  for (const [what, expression, one, other] of PAIRS) {
    test(`${what} have different keys`, () => {
      expect(read(expression, one)).not.toBeNull();
      expect(read(expression, one)).toBe(read(expression, structuredClone(one)));
      expect(read(expression, one)).not.toBe(read(expression, other));
    });
  }

  const MISSING: readonly (readonly [expression: string, body: unknown])[] = [
    ["$.id", {}],
    ["$.id", { id: "" }],
    ["$.id", { id: true }],
    ["$.id", { id: 2 ** 53 }],
    ["$.id", { id: 1.5 }],
    ["$.id", undefined],
    ["$.a + $.b", { a: "x" }],
    ["[*].id", []],
    ["[*].id", [{ id: "1" }, {}]],
  ];
  for (const [expression, body] of MISSING) {
    test(`${expression} finds no key in ${JSON.stringify(body)}`, () => expect(read(expression, body)).toBeNull());
  }

  test("an alternative that lacks a part is skipped", () => {
    expect(read("$.a + $.b, $.c", { a: "x", c: "z" })).toBe("z");
  });
});

describe("the check of a user's expression", () => {
  const VALID = [
    ...["$.type", "$.a.b[0]['c d']", "$[0].x", "$['it\\'s']", "$.event-data.id", "$.@type", "$.ключ", "$.a[*].b"],
    ...["header:X-GitHub-Event", "header:x + $.action", " $.a , header:B "],
  ];
  for (const text of VALID) {
    test(`${text} is accepted for eventType and for deduplicate.by`, () => {
      expect(eventTypeProblem(text)).toBeNull();
      expect(deduplicateByProblem(text)).toBeNull();
    });
  }

  const INVALID: readonly (readonly [text: string, problem: RegExp])[] = [
    ["", /empty/],
    [" ", /empty/],
    [",", /empty/],
    ["$.a,", /empty/],
    ["$.a++$.b", /empty/],
    ["$", /The path \$ is invalid. Paths look like/],
    ["$.", /is invalid/],
    ["$..a", /is invalid/],
    ["$.a..b", /is invalid/],
    ["$.*", /is invalid/],
    ["$.a[", /is invalid/],
    ["$.a[]", /is invalid/],
    ["$.a[-1]", /is invalid/],
    ["$.a[1.5]", /is invalid/],
    ["$.a[0:2]", /is invalid/],
    ["$.a[?(@.b)]", /is invalid/],
    ["$.a['b]", /is invalid/],
    ['$.a["b"]', /is invalid/],
    ["$.a b", /is invalid/],
    ["$a", /is invalid/],
    ["$.a]", /is invalid/],
    [`$${".a".repeat(33)}`, /at most 32 steps/],
    [Array(17).fill("$.a").join("+"), /at most 16 parts/],
    [`$.${"a".repeat(1023)}`, /at most 1024 characters/],
    ["header:", /not a valid header name/],
    ["header:a b", /not a valid header name/],
    ["header:X\r\nY", /not a valid header name/],
    ["orders/create", /neither a path/],
    ["type name", /neither a path/],
    ["form:x", /neither a path/],
    ["[*].x", /neither a path/],
    ["'x'", /neither a path/],
    ["\ud800", /neither a path/],
  ];
  for (const [text, problem] of INVALID) {
    test(`${JSON.stringify(text.slice(0, 24))} is refused for eventType and for deduplicate.by`, () => {
      expect(eventTypeProblem(text)).toMatch(problem);
      expect(deduplicateByProblem(text)).toMatch(problem);
    });
  }

  test("a literal must be an event type name, and is no key", () => {
    expect(eventTypeProblem("order.created")).toBeNull();
    expect(eventTypeProblem("..")).toContain("must not be ..");
    expect(eventTypeProblem("x".repeat(257))).toContain("1 to 256 characters");
    expect(deduplicateByProblem("order.created")).toContain("Must be delivery-id, body, a path");
    expect(deduplicateByProblem("$.a + x")).toContain("Must be delivery-id, body, a path");
  });

  test("the words delivery-id and body are accepted for deduplicate.by", () => {
    expect(["delivery-id", "body"].map(deduplicateByProblem)).toEqual([null, null]);
  });
});

describe("any expression and any request", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "$",
      ".a",
      ".b",
      "[0]",
      "[*]",
      "['c d']",
      "['",
      "header:X",
      "form:f",
      "claim:h",
      "otherKey:a|b",
      "'",
    ),
    fc.constantFrom(",", "+", " ", "]", "\\", "x", "é"),
    fc.string({ maxLength: 4 }),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  const value = fc.jsonValue({ maxDepth: 4 });
  const headers = fc.dictionary(fc.constantFrom("x", "h", "x-topic"), fc.string());

  test("what the checks accept can be parsed, and what they refuse cannot", () => {
    fc.assert(
      fc.property(text, (written) => {
        const isRefused = eventTypeProblem(written) !== null;
        if (!isRefused) userExpression(written);
        if (deduplicateByProblem(written) === null) expect(isRefused).toBe(false);
      }),
    );
  });

  test("an event type is null or a valid name, and a key is null or not empty", () => {
    fc.assert(
      fc.property(text, value, headers, fc.string(), (written, body, sent, field) => {
        let expression: ReturnType<typeof tableExpression>;
        try {
          expression = tableExpression(written);
        } catch {
          return;
        }
        const input = { headers: sent, text: field, json: () => body, mayHaveMember: () => true, field: () => field };
        const name = readEventType(expression, input);
        if (name !== null) expect(eventTypeNameProblem(name)).toBeNull();
        expect(readKey(expression, input)).not.toBe("");
      }),
    );
  });

  test("a path that was built from a value's keys reads that value", () => {
    const key = fc.string({ minLength: 1, unit: "binary" });
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), (keys) => {
        const body = keys.reduceRight<unknown>((child, name) => ({ [name]: child }), "found");
        const path = `$${keys.map((name) => `['${name.replace(/[\\']/g, "\\$&")}']`).join("")}`;
        expect(readKey(userExpression(path), inputOf(body))).toBe("found");
      }),
    );
  });

  test("any text becomes the characters of a name, at most 256 of them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (any) => {
        expect(asEventTypeName(any)).toMatch(/^[a-zA-Z0-9\-_.]{0,256}$/);
      }),
    );
  });
});
