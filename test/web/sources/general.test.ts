import { describe, expect, test } from "bun:test";
import type { Source } from "../../../src/api/types.ts";
import { changeOf, draftOf, problemsIn } from "../../../web/admin/sources/general.ts";
import { ApiError } from "../../../web/kit/client.ts";

const source = {
  name: "Shop",
  uid: null,
  eventType: null,
  answer: null,
  deduplicate: { by: "delivery-id", windowSeconds: 86_400 },
  ingestRate: null,
  disabled: false,
  metadata: {},
} as unknown as Source;
const draft = draftOf(source);

describe("the settings of a source", () => {
  test("an unchanged form sends nothing", () => {
    expect(changeOf(draft, draft)).toEqual({});
  });

  test("only changed fields are sent, with their types", () => {
    const change = changeOf(
      {
        ...draft,
        name: " Shop EU ",
        uid: "shop-eu",
        eventType: "$.kind",
        ingestRate: "12",
        metadata: '{"team":"a"}',
        ownAnswer: true,
        status: "202",
        headers: "content-type: text/plain\nX-A: 1:2",
        body: "ok",
        windowSeconds: "60",
      },
      draft,
    );
    expect(change as unknown).toEqual({
      name: "Shop EU",
      uid: "shop-eu",
      eventType: "$.kind",
      answer: { status: 202, headers: { "content-type": "text/plain", "X-A": "1:2" }, body: "ok" },
      deduplicate: { by: "delivery-id", windowSeconds: 60 },
      ingestRate: 12,
      metadata: { team: "a" },
    });
  });

  test("emptied and switched-off fields are null", () => {
    const set = { ...draft, uid: "a", eventType: "b", ingestRate: "1", ownAnswer: true };
    expect(changeOf({ ...draft, skipsDuplicates: false }, set) as unknown).toEqual({
      uid: null,
      eventType: null,
      ingestRate: null,
      answer: null,
      deduplicate: null,
    });
  });

  test("values that do not parse are sent as they are", () => {
    expect(changeOf({ ...draft, ingestRate: "many", metadata: "{", windowSeconds: "1.5" }, draft) as unknown).toEqual({
      ingestRate: "many",
      metadata: "{",
      deduplicate: { by: "delivery-id", windowSeconds: "1.5" },
    });
  });

  test("a stored response is shown and kept", () => {
    const answered = { ...source, answer: { status: 204, headers: { a: "b", c: "d" }, body: "" } } as Source;
    const shown = draftOf(answered);
    expect([shown.ownAnswer, shown.status, shown.headers]).toEqual([true, "204", "a: b\nc: d"]);
    expect(changeOf(shown, draftOf(answered))).toEqual({});
  });
});

describe("problems of the settings of a source", () => {
  const errorWith = (...paths: string[][]) => {
    const detail = paths.map((path) => ({ loc: ["body", ...path], msg: `bad ${path.join(".")}`, type: "value_error" }));
    return new ApiError(422, "The request is invalid.", detail);
  };

  test("problems are shown at the fields that they are about, also deep ones", () => {
    expect(problemsIn(errorWith(["name"], ["answer", "headers", "x"], ["deduplicate", "by"]))).toEqual({
      at: {
        name: "bad name",
        "answer.headers": "bad answer.headers.x",
        "deduplicate.by": "bad deduplicate.by",
      },
      rest: "Correct the marked fields.",
    });
  });

  test("a problem without a field is shown beside the button", () => {
    expect(problemsIn(errorWith(["config", "secret"]))).toEqual({ at: {}, rest: "The request is invalid." });
    expect(problemsIn(new Error("The server cannot be reached."))).toEqual({
      at: {},
      rest: "The server cannot be reached.",
    });
  });
});
