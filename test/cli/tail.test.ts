import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { programEnvironment, run } from "../support/binary.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";
import { type RunningCommand, startCommand } from "../support/running-command.ts";
import { program, ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";
import { postStripe } from "../support/stripe.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

async function tailOf(args: readonly string[], token = ROOT_TOKEN): Promise<RunningCommand> {
  const command = await startCommand(["tail", ...args], { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: token });
  await command.noted("Watching ");
  return command;
}

describe("boathook tail", () => {
  test("tail --json prints each message and each attempt as one line of JSON", async () => {
    await using receiver = startReceiver(withStatus(201));
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    await using tail = await tailOf(["--app", app, "--json"]);
    const id = await sendMessage(send, app, { eventType: "invoice.paid" });
    await tail.line((line) => line.includes('"attempt"'));
    const [message, attempt] = tail.lines.map((line) => JSON.parse(line));
    expect(message).toEqual({ type: "message", time: expect.any(String), messageId: id, eventType: "invoice.paid" });
    expect(attempt).toEqual({
      ...{ type: "attempt", time: expect.any(String), messageId: id, endpointId: endpoint },
      ...{ status: "success", responseStatusCode: 201, durationMs: expect.any(Number) },
    });
    for (const { time } of [message, attempt]) expect(Date.parse(time)).toBeGreaterThan(0);
  });

  test("without --json, tail prints the time, the kind, the ids, the status and the duration", async () => {
    await using receiver = startReceiver(withStatus(500));
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url);
    await using tail = await tailOf(["--app", app]);
    const id = await sendMessage(send, app);
    await tail.line((line) => line.includes("attempt"));
    const time = "\\d\\d:\\d\\d:\\d\\d";
    expect(tail.lines[0]).toMatch(new RegExp(`^${time}  message  a  ${id}$`));
    expect(tail.lines[1]).toMatch(new RegExp(`^${time}  attempt  ${id}  ${endpoint}  500  \\d+ ms$`));
  });

  test("tail --source shows the messages of the source, and not those of other applications", async () => {
    await using endpoint = startReceiver();
    const source = await makeSource(send, endpoint.url);
    await using tail = await tailOf(["--source", source.uid, "--json"]);
    await sendMessage(send, await makeApplication(send));
    await postStripe(source);
    await tail.line((line) => line.includes('"attempt"'));
    expect(tail.lines.map((line) => JSON.parse(line).eventType)).toEqual(["invoice.paid", undefined]);
  });

  test("tail accepts a read-only token, and SIGINT and SIGTERM end it with exit code 0", async () => {
    const app = await makeApplication(send);
    const token = await server.createToken("--read-only");
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await using tail = await tailOf(["--app", app, "--json"], token);
      const id = await sendMessage(send, app);
      await tail.line((line) => line.includes(id));
      tail.kill(signal);
      expect(await tail.exited).toBe(0);
    }
  });

  test("tail continues after a restart of the server", async () => {
    const app = await makeApplication(send);
    await using tail = await tailOf(["--app", app, "--json"]);
    await server.restart();
    await tail.noted("Connecting again.\nWatching the application");
    const id = await sendMessage(send, app);
    await tail.line((line) => line.includes(id));
  });

  test("tail of another customer's application, or with a wrong token, fails with one sentence", async () => {
    const app = await makeApplication(send);
    const token = await server.createToken("--app", await makeApplication(send));
    const env = (value: string) => ({ env: { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: value } });
    expect(await run(program, ["tail", "--app", app], env(token))).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `Application ${app} does not exist on the server at ${server.url}.\n`,
    });
    const { code, stderr } = await run(program, ["tail", "--app", app], env("bhk_wrong"));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("log in with `boathook login`") });
  });
});

test("tail ends when its output is no longer read", async () => {
  const app = await makeApplication(send);
  const command = [...program, "tail", "--app", app, "--json"].map((word) => `'${word}'`).join(" ");
  const shell = `{ ${command}; echo "code $?" >&2; } | head -n 1`;
  const child = Bun.spawn(["bash", "-c", shell], {
    env: await programEnvironment({ BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN }),
    stdout: "pipe",
    stderr: "pipe",
  });
  let stderr = "";
  const reading = (async () => {
    for await (const chunk of child.stderr) stderr += Buffer.from(chunk).toString();
  })();
  const deadline = Date.now() + 30_000;
  // Each message is a line, and the first one ends `head`.
  while (!stderr.includes("code ")) {
    if (Date.now() > deadline) throw new Error(`The command has not ended: ${stderr}`);
    if (stderr.includes("Watching")) await sendMessage(send, app);
    await Bun.sleep(20);
  }
  await Promise.all([reading, child.exited]);
  expect(stderr).toMatch(/^Watching the application \S+\.\ncode 0\n$/);
});

describe("colours", () => {
  const shownAt = async (env: Record<string, string>): Promise<string> => {
    const app = await makeApplication(send);
    await using receiver = startReceiver();
    await makeEndpoint(send, app, receiver.url);
    let shown = "";
    const child = Bun.spawn([...program, "tail", "--app", app], {
      env: { PATH: process.env.PATH ?? "", BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN, ...env },
      terminal: {
        data(_, bytes) {
          shown += new TextDecoder().decode(bytes);
        },
      },
    });
    const seen = async (text: string) => {
      const deadline = Date.now() + 30_000;
      while (!shown.includes(text)) {
        if (Date.now() > deadline) throw new Error(`"${text}" was not shown: ${shown}`);
        await Bun.sleep(10);
      }
    };
    await seen("Watching");
    await sendMessage(send, app);
    await seen("attempt");
    child.kill("SIGTERM");
    await child.exited;
    return shown;
  };

  test("tail prints colours on a terminal", async () => {
    expect(await shownAt({})).toContain("\u001b[32m204\u001b[0m");
  });

  test("tail prints no colours if NO_COLOR is set", async () => {
    expect(await shownAt({ NO_COLOR: "1" })).not.toContain("\u001b[");
  });
});
