import { describe, expect, test } from "bun:test";
import type { Context } from "../../../src/api/http/context.ts";
import type { Call } from "../../../src/api/http/operation.ts";
import type { Reply } from "../../../src/api/http/reply.ts";
import { eventTypeImportRoutes } from "../../../src/api/resources/event-type/import.ts";
import { Problem } from "../../../src/core/problem.ts";
import { type HeavyWork, TaskOverdue, workOnThisThread } from "../../../src/thread/heavy-work.ts";
import { commandParts } from "../../support/command-parts.ts";

const SPEC = { openapi: "3.1.0", webhooks: { "pet.new": { post: { summary: "A new pet." } } } };

/** Sends a document as text to an API with this heavy work. */
async function importText(specRaw: string, heavyWork: HeavyWork): Promise<Reply> {
  using parts = await commandParts();
  const [operation] = eventTypeImportRoutes({ ...parts, heavyWork } as unknown as Context);
  const identity = { environmentSeq: parts.environment.seq };
  return (await operation!.handle({ identity, body: { specRaw } } as Call<never, never, never>)) as Reply;
}

describe("the import of an OpenAPI document as text", () => {
  test("YAML is parsed as heavy work, and JSON is not", async () => {
    const parsed: string[] = [];
    const yamlValue: HeavyWork["yamlValue"] = (text) => {
      parsed.push(text);
      return workOnThisThread.yamlValue(text);
    };
    const yaml = Bun.YAML.stringify(SPEC);
    for (const text of [yaml, JSON.stringify(SPEC)]) {
      const { body } = await importText(text, { ...workOnThisThread, yamlValue });
      expect(JSON.parse(body)).toMatchObject({ data: { modified: ["pet.new"] } });
    }
    expect(parsed).toEqual([yaml]);
  });

  test("a YAML text that takes too long to parse gets 400", async () => {
    const yamlValue = () => Promise.reject(new TaskOverdue("The task takes too long."));
    const result = importText("a: b", { ...workOnThisThread, yamlValue });
    const error: Problem = await result.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(Problem);
    expect([error.status, error.detail]).toEqual([400, "specRaw takes too long to parse."]);
  });
});
