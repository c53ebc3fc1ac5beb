import { expect, test } from "bun:test";
import { planImport, readConfiguration } from "../../../web/admin/environments/plan.ts";

test("the plan of an import counts what is created, replaced and left alone", () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));
  expect(planImport(named("a", "b", "c"), named("b", "d", "e"))).toEqual({ created: 2, replaced: 1, others: 2 });
  expect(planImport(named("a"), [])).toEqual({ created: 1, replaced: 0, others: 0 });
});

test("a file that is no export is refused with a sentence that says why", () => {
  for (const [text, sentence] of [
    ["", "not valid JSON"],
    ["nothing", "not valid JSON"],
    ["null", "no list of event types"],
    ["[]", "no list of event types"],
    ['{"eventTypes":null}', "no list of event types"],
    ['{"eventTypes":[null]}', "no list of event types"],
    ['{"eventTypes":[{"name":1}]}', "no list of event types"],
    ['{"eventTypes":[]}', "contains no event types"],
  ] as const) {
    expect(() => readConfiguration(text)).toThrow(sentence);
  }
  expect(readConfiguration('{"eventTypes":[{"name":"a"}],"version":1}')).toEqual([{ name: "a" }]);
});
