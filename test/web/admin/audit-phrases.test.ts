import { expect, test } from "bun:test";
import { isAudited } from "../../../src/api/http/audit-trail.ts";
import { KNOWN_ACTIONS, sentenceOf } from "../../../web/admin/audit-log/phrases.ts";
import { allOperations } from "../../support/operations.ts";

test("the page of the audit log has words for every operation that is recorded", () => {
  const recorded = allOperations().filter(isAudited);
  expect(recorded.map(({ id }) => id).filter((id) => !KNOWN_ACTIONS.includes(id))).toEqual([]);
});

test("the words for an operation name every record in its path", () => {
  const silent = ["env_id", "session_id", "sink_id", "consumer_id", "msg_id"];
  const missing = allOperations()
    .filter(isAudited)
    .flatMap(({ id, path }) => {
      const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!).filter((name) => !silent.includes(name));
      const kinds = names.map((name) =>
        name === "key_id" ? "tokenId" : name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      );
      return sentenceOf(id, kinds).rest.map((kind) => `${id} ${kind}`);
    });
  expect(missing).toEqual([]);
});

test("a sentence keeps the order of its parts, and leaves over what it does not name", () => {
  expect(sentenceOf("v1.endpoint.patch", ["appId", "endpointId", "taskId", "environmentId"])).toEqual({
    parts: [{ text: "changed the endpoint " }, { kind: "endpointId" }, { text: " of " }, { kind: "appId" }],
    rest: ["taskId"],
  });
  expect(sentenceOf("v1.endpoint.create", ["appId"]).parts).toEqual([
    { text: "created the endpoint " },
    { text: "(unknown)" },
    { text: " of " },
    { kind: "appId" },
  ]);
  expect(sentenceOf("v1.future.act", ["appId"])).toEqual({ parts: [{ text: "called future.act" }], rest: ["appId"] });
});
