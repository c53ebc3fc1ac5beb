import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { executable, programEnvironment } from "../support/binary.ts";
import { clientOf, makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessages, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { ifCutOff } from "../support/load.ts";
import { startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** The server must work even if nobody reads its log or the log cannot be written. */

/** Number of posts to an inbox. Their log lines fill the buffer of a pipe several times. */
const POSTS = 1_500;

const outputs: [name: string, make: () => "pipe" | number][] = [["a pipe that nobody reads", () => "pipe"]];
if (process.platform === "linux") outputs.push(["a full disk", () => openSync("/dev/full", "w")]);

for (const [name, make] of outputs)
  test(`the server delivers, responds and stops even if its log goes to ${name}`, async () => {
    using home = temporaryDirectory();
    const port = freePort();
    const stdout = make();
    const args = ["serve", `--port=${port}`, `--data-dir=${home.file("data")}`, "--allow-subnets=127.0.0.0/8"];
    const child = Bun.spawn([...executable(), ...args, "--log-format=json", "--log-level=debug"], {
      cwd: home.path,
      env: await programEnvironment({ HOME: home.path, BOATHOOK_ROOT_TOKEN: ROOT_TOKEN }),
      stdio: ["ignore", stdout, "ignore"],
    });
    try {
      const url = `http://127.0.0.1:${port}`;
      const send = clientOf(url);
      await until(
        () => send("GET", "/app").catch(ifCutOff),
        (answer) => answer?.status === 200,
      );
      await using receiver = startReceiver();
      const app = await makeApplication(send);
      await makeEndpoint(send, app, receiver.url);
      for (let i = 0; i < POSTS; i += 50)
        await Promise.all(
          Array.from({ length: 50 }, () => fetch(`${url}/inbox/somebody-s-inbox`, { method: "POST", body: "x" })),
        );
      await sendMessages(send, app, 500);
      await receiver.arrived(500);
      const metrics = await until(
        async () => (await fetch(`${url}/metrics`)).text(),
        (text) => /^boathook_attempts_under_way 0$/m.test(text),
      );
      expect(metrics).toMatch(/^boathook_log_lines_dropped_total \d+$/m);
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    } finally {
      child.kill("SIGKILL");
      if (typeof stdout === "number") closeSync(stdout);
    }
  }, 60_000);
