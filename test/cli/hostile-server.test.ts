import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { textOfResponse } from "../../src/cli/client/response-text.ts";
import { run } from "../support/binary.ts";
import { startCommand } from "../support/running-command.ts";
import { program } from "../support/server.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const ESCAPE = "\u001b[2J\u001b]0;title\u0007";
const SECRET = { key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", signatureHeaders: "webhook" };

/** A server of the API that sends these frames to each listener. Frames that are texts are sent as they are. */
function frameServer(frames: readonly unknown[]) {
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: (request, own) => (own.upgrade(request) ? undefined : Response.json(SECRET)),
    websocket: {
      message() {},
      open(socket) {
        for (const frame of frames) socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
      },
    },
  });
  const env = { BOATHOOK_SERVER: `http://127.0.0.1:${server.port}`, BOATHOOK_TOKEN: "token" };
  return { env, [Symbol.dispose]: () => void server.stop(true) };
}

const READY = { type: "ready", after: "msg_0", requestedUntil: null };
const LISTEN = ["listen", "--app=a", "--forward-to=http://127.0.0.1:1"];
const message = (fields: object) => ({
  ...{
    type: "message",
    after: "msg_1",
    id: "msg_1",
    eventType: "a",
    method: "POST",
    path: "",
    headers: [],
    body: "{}",
  },
  ...fields,
});

describe("commands of clients and a server that cannot be trusted", () => {
  test("tail prints no escape sequence of a terminal that is in an id, an event type or a duration", async () => {
    const ids = { messageId: `m${ESCAPE}`, endpointId: `e${ESCAPE}` };
    using server = frameServer([
      { type: "ready" },
      { type: "message", time: "2026-01-01T00:00:00Z", eventType: `t${ESCAPE}`, ...ids },
      { type: "attempt", time: "2026-01-01T00:00:00Z", ...ids, responseStatusCode: 200, durationMs: `1${ESCAPE}` },
    ]);
    await using tail = await startCommand(["tail", "--app=a"], server.env);
    await tail.line((line) => line.includes("attempt"));
    expect(tail.lines).toHaveLength(2);
    expect(tail.lines.join("")).not.toContain("\u001b");
  });

  test("listen prints no escape sequence of a terminal that is in the id of a message", async () => {
    using server = frameServer([READY, message({ id: `m${ESCAPE}` })]);
    await using listen = await startCommand(LISTEN, server.env);
    const line = await listen.line((text) => text.endsWith(" ms"));
    expect(line).not.toContain("\u001b");
  });

  test.each([
    ["text that is not JSON", "{", ["tail", "--app=a"]],
    ["null", "null", ["tail", "--app=a"]],
    ["an event type that is a number", { type: "message", messageId: "m", eventType: 5 }, ["tail", "--app=a"]],
    ["a message without headers", message({ headers: undefined }), LISTEN],
    ["a message whose headers are texts", message({ headers: ["a"] }), LISTEN],
    ["a message whose id is a number", message({ id: 1 }), LISTEN],
  ])("a frame with %s ends the command with one sentence", async (_, frame, args) => {
    using server = frameServer([READY, frame]);
    const { code, stderr } = await run(program, args, { env: server.env });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(
      /^A frame from the server at http:.* cannot be read \(.*\)\. Check --server\.$/,
    );
    expect(stderr).not.toContain("    at ");
  });

  test("an endless response is read only up to a limit", async () => {
    let pulls = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulls++;
        controller.enqueue(new Uint8Array(1000).fill(65));
      },
    });
    await expect(textOfResponse(new Response(endless), 10_000)).rejects.toThrow("the response is too large");
    expect(pulls).toBeLessThan(100);
    expect(await textOfResponse(new Response("\u00e4".repeat(5000)), 10_000)).toBe("\u00e4".repeat(5000));
    expect(await textOfResponse(new Response(null), 10)).toBe("");
  });
});
