import { expect, test } from "bun:test";
import { fromSources, run } from "../support/binary.ts";

/** Runs `boathook health` against a server that responds like this. */
async function health(response: () => Response, args: readonly string[] = []) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: response });
  try {
    return await run(fromSources, ["health", ...args], { env: { BOATHOOK_PORT: String(server.port) } });
  } finally {
    await server.stop(true);
  }
}

test("the health command prints the state of the server with these settings", async () => {
  for (const status of ["ok", "degraded"]) {
    expect(await health(() => Response.json({ status }))).toEqual({ code: 0, stdout: `${status}\n`, stderr: "" });
  }
});

test("the health command fails if the server is not healthy, is another program or cannot be reached", async () => {
  const failing = await health(() => Response.json({ status: "failing" }, { status: 503 }));
  expect(failing).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/ is not healthy: failing\.\n$/),
  });
  const other = await health(() => new Response("hello"));
  expect(other).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/ is not healthy: it responded with 200\.\n$/),
  });
  const none = await health(() => Response.json({ status: "ok" }), ["--server=http://127.0.0.1:1"]);
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^The server at http:\/\/127\.0\.0\.1:1 cannot /),
  });
  expect(await health(() => Response.json({}), ["--server=nonsense"])).toMatchObject({ code: 2 });
});
