import { describe, expect, test } from "bun:test";
import { smallBodyDeadline } from "../../../src/api/http/body.ts";
import { ByteBudget } from "../../../src/api/http/byte-budget.ts";
import type { ApiDeps } from "../../../src/api/http/deps.ts";
import { Dispatcher } from "../../../src/api/http/dispatch.ts";
import { type Operation, operation } from "../../../src/api/http/operation.ts";
import { noContent } from "../../../src/api/http/reply.ts";
import { Authenticator } from "../../../src/api/identity/auth.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { commandParts } from "../../support/command-parts.ts";

function operationFor(access: "public" | "environment"): Operation {
  return operation({
    id: "test",
    method: "POST",
    path: "/test",
    tag: "Test",
    summary: "Test",
    access,
    responses: { 204: { description: "Done." } },
    problems: [],
    handle: () => noContent,
  });
}

/** Returns the response of a server in this state. */
async function responseOf(access: "public" | "environment", state: Partial<ApiDeps>): Promise<Response> {
  using parts = await commandParts();
  const settings = { rootToken: null, jwtSecret: null, maxBodyBytes: 0 };
  const deps = { ...parts, settings, log: silentLog, ...state } as unknown as ApiDeps;
  const dispatcher = new Dispatcher(deps, {
    authenticator: new Authenticator(deps),
    bodies: new ByteBudget(0),
    responses: new ByteBudget(0),
    smallBodies: smallBodyDeadline(parts.clock),
  });
  return dispatcher.respond(operationFor(access), new Request("http://localhost/test", { method: "POST" }), {});
}

const states: Record<string, Partial<ApiDeps>> = {
  starting: { isStarting: () => true },
  stopping: { isStarting: () => false, stopping: AbortSignal.abort() },
};

for (const [doing, state] of Object.entries(states)) {
  describe(`a server that is ${doing}`, () => {
    test(`a server that is ${doing} refuses requests with 503`, async () => {
      const response = await responseOf("environment", state);
      expect([response.status, Number(response.headers.get("retry-after"))]).toEqual([503, expect.any(Number)]);
      expect(await response.json()).toEqual({
        code: "unavailable",
        detail: `The server is ${doing}. Try again later.`,
      });
    });

    test(`a server that is ${doing} serves built-in inboxes and health checks`, async () => {
      expect((await responseOf("public", state)).status).toBe(204);
    });
  });
}
