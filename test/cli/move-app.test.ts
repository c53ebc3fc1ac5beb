import { expect, setDefaultTimeout, test } from "bun:test";
import { type Finished, run } from "../support/binary.ts";
import { fakeApi } from "../support/fake-api.ts";
import { program } from "../support/server.ts";

// The command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const SERVED = {
  ...{ appId: "app_1", uid: null, state: "served", url: null, hold: null },
  ...{ schemaVersion: 1, now: 1767225600000 },
};

/** Moves an application to a server whose first response is this one. Returns its URL too. */
async function movedTo(status: number, body: object, ...more: string[]): Promise<Finished & { readonly to: string }> {
  using origin = fakeApi(() => Response.json(SERVED));
  using destination = fakeApi(() => Response.json(body, { status }));
  const args = ["move-app", "acme", `--server=${origin.url}`, `--to=${destination.url}`, ...more];
  const env = { BOATHOOK_TOKEN: "token", BOATHOOK_TARGET_TOKEN: "token" };
  return { ...(await run(program, args, { env })), to: destination.url };
}

test("a server that does not have the operations of moves is named, whatever the text of its response", async () => {
  const { code, stderr, to } = await movedTo(404, { code: "not_found", detail: "Nothing here." });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `The server at ${to} cannot take applications. Upgrade it.\n`,
  });
});

test("an environment that the other server does not have is named", async () => {
  const body = { code: "environment_not_found", detail: "Environment not found" };
  const { code, stderr, to } = await movedTo(404, body, "--to-environment=staging");
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `Environment staging does not exist on the server at ${to}.\n`,
  });
});
