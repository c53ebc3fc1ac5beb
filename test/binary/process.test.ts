import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { heldBack, ok, type Receiver, startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/**
 * Tests the process as its operator sees it: start, stop, and the files that it reads and writes.
 */

const ONE_SENTENCE = /^[^\n]+\.\n$/;

/** Sends a message. Resolves when its attempt is under way. */
async function oneUnderWay({ send }: Installation, receiver: Receiver) {
  const app = await makeApplication(send);
  await makeEndpoint(send, app, receiver.url);
  const message = await sendMessage(send, app);
  await receiver.arrived(1);
  return { app, message };
}

describe("a request to stop", () => {
  test("a server that is asked to stop finishes its attempts, stores the results and exits with code 0", async () => {
    const answer = heldBack();
    await using receiver = startReceiver(answer.answering);
    await using boathook = await install();
    const { app, message } = await oneUnderWay(boathook, receiver);
    const late = () => boathook.send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });

    boathook.process.kill("SIGTERM");
    await boathook.process.logged(({ msg }) => msg.startsWith("Stopping"));
    expect(
      await late().then(
        ({ status }) => status,
        () => "refused",
      ),
    ).toBeOneOf([503, "refused"]);
    answer.give(ok);
    expect(await boathook.process.exited).toBe(0);

    await boathook.start();
    const [attempt] = await attemptsOf(boathook.send, app, message);
    expect(attempt!.statusText).toBe("success");
    expect(receiver.received).toHaveLength(1);
  });

  test("an attempt that does not end within shutdown-timeout stays pending", async () => {
    await using receiver = startReceiver(heldBack().answering);
    await using boathook = await install(["--shutdown-timeout=100ms"]);
    const { message } = await oneUnderWay(boathook, receiver);
    expect(await boathook.process.stop()).toBe(0);
    receiver.answering = ok;
    await boathook.start();
    const [first, second] = await receiver.arrived(2);
    expect([first!.id, second!.id]).toEqual([message, message]);
  });

  test("a second request to stop ends the server immediately, and unfinished attempts are repeated after the next start", async () => {
    await using receiver = startReceiver(heldBack().answering);
    await using boathook = await install(["--shutdown-timeout=10m"]);
    const { message } = await oneUnderWay(boathook, receiver);
    boathook.process.kill("SIGTERM");
    await boathook.process.logged(({ msg }) => msg.startsWith("Stopping"));
    boathook.process.kill("SIGTERM");
    expect(await boathook.process.exited).toBe(143);
    receiver.answering = ok;
    await boathook.start();
    const [, again] = await receiver.arrived(2);
    expect(again!.id).toBe(message);
  });
});

describe("a delivery to a built-in inbox", () => {
  test("a delivery to a built-in inbox arrives even if the server listens on a host name", async () => {
    await using boathook = await install(["--host=localhost", "--retry-schedule="], { loopback: false });
    const app = await makeApplication(boathook.send);
    await makeEndpoint(boathook.send, app, `${boathook.url}/inbox/of-the-test`);
    const [attempt] = await attemptsOf(boathook.send, app, await sendMessage(boathook.send, app));
    expect(attempt).toMatchObject({ statusText: "success" });
  });

  test("a pending delivery to a built-in inbox arrives even after a restart on another port", async () => {
    await using boathook = await install(["--public-url=http://hooks.example", "--retry-schedule="]);
    const app = await makeApplication(boathook.send);
    await makeEndpoint(boathook.send, app, "http://hooks.example/inbox/of-the-test?delay=60s");
    const message = await sendMessage(boathook.send, app);
    const requests = async () => (await boathook.send("GET", "/inbox/of-the-test")).json.data;
    await until(requests, ({ length }) => length === 1);
    await boathook.kill();

    await using again = await install(["--public-url=http://hooks.example"], { dataDir: boathook.dataDir });
    const received = async () => (await again.send("GET", "/inbox/of-the-test")).json.data;
    expect(await until(received, ({ length }) => length === 1)).toMatchObject([{ messageId: message }]);
  });
});

describe("a second server", () => {
  test("a second server on the same data does not start, and the first one keeps working", async () => {
    await using first = await install();
    const { code, stderr } = await run(executable(), ["serve", "--port=0", `--data-dir=${first.dataDir}`]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)]);
    expect(stderr).toContain(first.dataDir);
    await makeApplication(first.send);
  });

  test("a second server on the same port does not start, and the first one keeps working", async () => {
    using dir = temporaryDirectory();
    await using first = await install();
    const { port } = new URL(first.url);
    const { code, stderr } = await run(executable(), ["serve", `--port=${port}`, `--data-dir=${dir.file("data")}`]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)]);
    expect(stderr).toContain(port);
    await makeApplication(first.send);
  });

  test("a server whose port is in use sends no pending message", async () => {
    await using receiver = startReceiver(heldBack().answering);
    await using boathook = await install(["--retry-schedule="]);
    const { app, message } = await oneUnderWay(boathook, receiver);
    await boathook.kill();
    receiver.answering = ok;
    const port = Number(new URL(boathook.url).port);
    const taken = Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response() });
    await expect(boathook.start()).rejects.toThrow(`Port ${port} of 127.0.0.1 is already in use`);
    expect(receiver.received).toHaveLength(1);

    await taken.stop(true);
    await boathook.start();
    const [attempt] = await attemptsOf(boathook.send, app, message);
    expect(attempt!.statusText).toBe("success");
  });

  test("a server can start on the data of another server that has just been killed", async () => {
    await using boathook = await install();
    await boathook.kill();
    await boathook.start();
    await makeApplication(boathook.send);
  });
});

describe("the data directory", () => {
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

  test.skipIf(process.platform === "win32")(
    "the data directory and its secret files can be read only by their owner",
    async () => {
      await using boathook = await install();
      expect(modeOf(boathook.dataDir)).toBe("700");
      for (const file of ["boathook.db", "encryption.key"]) expect(modeOf(join(boathook.dataDir, file))).toBe("600");
    },
  );

  test("a data directory cannot be opened with another encryption key", async () => {
    using dir = temporaryDirectory();
    const dataDir = dir.file("data");
    const withKey = (key: string) => ({ dataDir, env: { BOATHOOK_ENCRYPTION_KEY: key } });
    const [key, otherKey] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
    const first = await install([], withKey(key));
    await first[Symbol.asyncDispose]();
    const args = ["serve", "--port=0", `--data-dir=${dataDir}`];
    const { code, stderr } = await run(executable(), args, withKey(otherKey));
    expect([code, stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)]);
    expect(stderr).not.toContain(otherKey);
    await using again = await install([], withKey(key));
    await makeApplication(again.send);
  });

  test("the server does not create a new key for a data directory whose key file is missing", async () => {
    await using boathook = await install();
    await boathook.kill();
    const keyFile = join(boathook.dataDir, "encryption.key");
    rmSync(keyFile);
    const { code, stderr } = await run(executable(), ["serve", "--port=0", `--data-dir=${boathook.dataDir}`]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(ONE_SENTENCE)]);
    expect(stderr).toContain(keyFile);
  });

  test("no endpoint secret in the data directory can be read without the key", async () => {
    await using boathook = await install();
    const app = await makeApplication(boathook.send);
    const bytes = randomBytes(24);
    const secret = `whsec_${bytes.toString("base64")}`;
    await makeEndpoint(boathook.send, app, "https://example.com/", { secret });
    await boathook.kill();
    for (const file of ["boathook.db", "boathook.db-wal"]) {
      const content = await Bun.file(join(boathook.dataDir, file)).bytes();
      expect(Buffer.from(content).includes(bytes)).toBe(false);
      expect(Buffer.from(content).includes(bytes.toString("base64"))).toBe(false);
    }
  });
});

test("configuration files of the runtime in the working directory are ignored", async () => {
  using dir = temporaryDirectory();
  writeFileSync(dir.file(".env"), "BOATHOOK_PORT=nonsense\n");
  writeFileSync(dir.file(".env.production"), "BOATHOOK_NO_SUCH_SETTING=1\n");
  writeFileSync(dir.file("bunfig.toml"), 'preload = ["./not-there.ts"]\n');
  writeFileSync(dir.file("package.json"), "{ no JSON");
  writeFileSync(dir.file("tsconfig.json"), "{ no JSON");
  await using boathook = await install([], { cwd: dir.path });
  await makeApplication(boathook.send);
  const list = ["token", "list", `--data-dir=${boathook.dataDir}`];
  expect(await run(executable(), list, { cwd: dir.path })).toMatchObject({ code: 0, stderr: "" });
});
