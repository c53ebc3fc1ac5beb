import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../support/binary.ts";
import { type FakeStream, fakeStream } from "../support/fake-stream.ts";
import { startCommand } from "../support/running-command.ts";
import { program } from "../support/server.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const LISTENERS = { key: `whsec_${"A".repeat(43)}=`, signatureHeaders: "standard" };

/** A server with any message, whose streams consist of these frames. */
const serverWith = (...frames: readonly object[]): FakeStream =>
  fakeStream(frames, (path) => {
    if (path.endsWith("/listen/secret")) return LISTENERS;
    if (path.endsWith("/endpoint")) return { data: [], done: true };
    return { id: path.split("/").at(-1) };
  });

const accessTo = ({ url }: FakeStream) => ({ BOATHOOK_SERVER: url, BOATHOOK_TOKEN: "token" });

describe("numbers in the notes of commands that follow a stream", () => {
  for (const [count, isAtLeast, expected] of [
    [1, false, "Skipped 1 message, because too many waited."],
    [2, true, "Skipped at least 2 messages, because too many waited."],
  ] as const) {
    test(`listen reports ${count} skipped as "${expected}"`, async () => {
      using server = serverWith(
        { type: "ready", requestedUntil: null, after: "a" },
        { type: "skipped", count, isAtLeast, after: "b" },
      );
      const args = ["listen", "--app", "acme", "--forward-to", "http://127.0.0.1:9"];
      await using listen = await startCommand(args, accessTo(server));
      await listen.noted(`${expected}\n`);
    });
  }

  for (const [count, expected] of [
    [1, "Skipped 1 line, because the output was not read in time."],
    [2, "Skipped 2 lines, because the output was not read in time."],
  ] as const) {
    test(`tail reports ${count} skipped as "${expected}"`, async () => {
      using server = serverWith({ type: "skipped", count });
      await using tail = await startCommand(["tail", "--app", "acme"], accessTo(server));
      await tail.noted(`${expected}\n`);
    });
  }

  for (const [ids, expected] of [
    [["msg_a"], "1 message was not sent."],
    [["msg_a", "msg_b"], "2 messages were not sent."],
  ] as const) {
    test(`replay that loses its connection reports "${expected}"`, async () => {
      using server = serverWith();
      const args = ["replay", ...ids, "--app", "acme", "--forward-to", "http://127.0.0.1:9"];
      const { code, stderr } = await run(program, args, { env: accessTo(server) });
      expect({ code, stderr }).toEqual({ code: 1, stderr: `The connection to ${server.url} was lost. ${expected}\n` });
    });
  }
});
