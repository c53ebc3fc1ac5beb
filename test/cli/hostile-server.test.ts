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

/** A server whose every response is this text. */
function textServer(text: string) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(text) });
  const url = `http://127.0.0.1:${server.port}`;
  const env = { BOATHOOK_SERVER: url, BOATHOOK_TOKEN: "token", BOATHOOK_TARGET_TOKEN: "token", SVIX_TOKEN: "token" };
  return { url, env: { ...env, CONVOY_API_KEY: "token" }, [Symbol.dispose]: () => void server.stop(true) };
}

/** Commands that read objects from the server at this URL. */
const READING: Readonly<Record<string, (url: string) => readonly string[]>> = {
  export: () => ["export"],
  "import svix": (url) => ["import", "svix", url, "--dry-run"],
  "import convoy": (url) => ["import", "convoy", url, "--project=p", "--dry-run"],
  "move-app": (url) => ["move-app", "acme", `--to=${url}`],
};

describe("commands that read what a server has, and a server whose responses have another form", () => {
  for (const [name, argsOf] of Object.entries(READING)) {
    test.each(["null", "5", '{"data":[null],"done":true,"iterator":null}', '{"data":"abc"}'])(
      `${name} with the response %s ends with one sentence`,
      async (text) => {
        using server = textServer(text);
        const { code, stdout, stderr } = await run(program, argsOf(server.url), { env: server.env });
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(
          /^The response from http:\S+ does not have the expected form \(.*\)\. Check that the URL is that of the server\.\n$/,
        );
      },
    );
  }

  test("a list whose pages all continue at the same place ends the command", async () => {
    using server = textServer('{"data":[],"done":false,"iterator":"same"}');
    const { code, stderr } = await run(program, ["export"], { env: server.env });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("a list does not end") });
  });

  test("shards shows a server whose health has another form as such", async () => {
    using server = textServer("[]");
    const { code, stdout, stderr } = await run(program, ["shards", server.url]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toContain("no health of Boathook");
  });
});
