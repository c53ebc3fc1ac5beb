import { describe, expect, test } from "bun:test";
import { type ImportedEventType, planImport } from "../../src/commands/event-type-import.ts";
import { Invalid } from "../../src/core/problem.ts";
import { type HeavyWork, TaskOverdue, workOnThisThread } from "../../src/thread/heavy-work.ts";
import { commandParts } from "../support/command-parts.ts";

const SCHEMA = { type: "object" };

/** Counts the turns of the event loop. */
class TurnCounter {
  turns = 0;
  readonly now = Date.now;
  readonly steady = () => 0;
  readonly after = () => () => {};
  readonly soon = (task: () => void) => {
    this.turns++;
    setImmediate(task);
  };
}

const imported = (name: string, schema: object | null): ImportedEventType => ({
  name,
  change: { schemas: schema === null ? null : { 1: schema } },
  loc: ["body", "spec", "webhooks", name],
});

describe("the plan of an import of event types", () => {
  test("each event type is extracted in a turn of the event loop of its own, also those that cannot be imported", async () => {
    using parts = await commandParts();
    const clock = new TurnCounter();
    const takenIn: number[] = [];
    const elements = [imported("a", null), null, imported("b", SCHEMA), imported("c", { type: "no-type" }), null];
    function* imports() {
      for (const element of elements) {
        takenIn.push(clock.turns);
        yield element;
      }
    }
    const unusable: string[] = [];
    const onUnusable = ({ name }: ImportedEventType) => void unusable.push(name);
    const planned = await planImport({ ...parts, clock }, 1, imports(), onUnusable);
    expect(planned.map(({ eventType }) => eventType.name)).toEqual(["a", "b"]);
    expect(unusable).toEqual(["c"]);
    expect(new Set(takenIn).size).toBe(elements.length);
  });

  test("schemas are checked outside the event loop, in order and one at a time", async () => {
    using parts = await commandParts();
    const checked: string[] = [];
    let open = 0;
    const heavyWork: HeavyWork = {
      ...workOnThisThread,
      async schemaProblem(schema) {
        expect(++open).toBe(1);
        checked.push(schema);
        await new Promise<void>((resolve) => setImmediate(resolve));
        open--;
        return schema.includes("unusable") ? { message: "Unusable.", path: ["type"] } : null;
      },
    };
    const unusable: unknown[] = [];
    const schemas = [SCHEMA, { type: "unusable" }, { type: "array" }];
    const imports = schemas.map((schema, i) => imported(`e${i}`, schema));
    const planned = await planImport({ ...parts, heavyWork }, 1, imports, (_, { findings }) => unusable.push(findings));
    expect(checked).toEqual(schemas.map((schema) => JSON.stringify(schema)));
    expect(planned.map(({ eventType }) => eventType.name)).toEqual(["e0", "e2"]);
    const loc = ["body", "spec", "webhooks", "e1", "1", "type"];
    expect(unusable).toEqual([[expect.objectContaining({ loc, msg: "Unusable." })]]);
  });

  test("a schema that takes too long to check is refused with 422", async () => {
    using parts = await commandParts();
    const schemaProblem = () => Promise.reject(new TaskOverdue("The task takes too long."));
    const heavyWork = { ...workOnThisThread, schemaProblem };
    const planned = planImport({ ...parts, heavyWork }, 1, [imported("a", SCHEMA)]);
    const error: Invalid = await planned.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(Invalid);
    expect(error.findings[0]!.msg).toBe("The schema takes too long to check.");
  });

  test("event types whose schemas exceed the maximum length in all are skipped with the reason", async () => {
    using parts = await commandParts();
    const length = JSON.stringify({ 1: SCHEMA }).length;
    const errors = new Map<string, Invalid>();
    const onUnusable = ({ name }: ImportedEventType, error: Invalid) => void errors.set(name, error);
    const imports = ["a", "b", "c"].map((name) => imported(name, SCHEMA));
    const planned = await planImport(parts, 1, [...imports, imported("d", null)], onUnusable, 2 * length);
    expect(planned.map(({ eventType }) => eventType.name)).toEqual(["a", "b", "d"]);
    expect([...errors.keys()]).toEqual(["c"]);
    expect(errors.get("c")).toBeInstanceOf(Invalid);
    expect(errors.get("c")!.findings[0]).toMatchObject({
      loc: ["body", "spec", "webhooks", "c"],
      msg: expect.stringContaining("longer than 8 MiB"),
    });
  });
});
