import { describe, expect, test } from "bun:test";
import { type Answer, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessages, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { firstTime, heldBack, ok, startReceiver } from "../support/receiver.ts";
import { diskKinds, type SmallDisk } from "../support/small-disk.ts";

/** A message that gets a 2xx must be safe, and one that cannot be stored must not get a 2xx. */

for (const { name, open } of diskKinds) {
  const possible = isPossible(open);
  if (!possible) console.log(`${name} cannot be had here: its tests of the full disk are skipped.`);

  describe.skipIf(!possible)(`a full disk (${name})`, () => {
    test("while the disk is full, sending a message returns 503 and reads work; afterwards both work", async () => {
      using disk = open()!;
      await using receiver = startReceiver();
      await using boathook = await install([], disk);
      const { send } = boathook;
      const app = await makeApplication(send);
      await makeEndpoint(send, app, receiver.url);
      const [before] = await sendMessages(send, app, 1);

      disk.fill(boathook.process.pid);
      for (let i = 0; i < 3; i++) expectUnavailable(await post(send, app));
      expectUnavailable(await send("POST", `/app/${app}/msg/batch`, { messages: [{ eventType: "a", payload: {} }] }));
      expectUnavailable(await send("POST", "/app", { name: "another" }));
      expect((await send("GET", `/app/${app}/msg/${before}`)).status).toBe(200);
      expect((await failingHealth(send, app)).json).toMatchObject({ status: "failing", store: "failing" });

      disk.makeRoom(boathook.process.pid);
      expect((await post(send, app)).status).toBe(202);
      await receiver.arrived(2);
      const { json } = await send("GET", `/app/${app}/msg`);
      expect(json.data).toHaveLength(2);
    });

    test("once a full disk has room again, the server becomes healthy without receiving a request", async () => {
      using disk = open()!;
      await using boathook = await install([], disk);
      const { send } = boathook;
      const app = await makeApplication(send);
      expect(await send("GET", "/health")).toMatchObject({
        status: 200,
        json: { status: "ok", store: "ok", disk: { freeBytes: expect.any(Number) }, delivery: "running" },
      });

      disk.fill(boathook.process.pid);
      await failingHealth(send, app);
      disk.makeRoom(boathook.process.pid);
      const healthy = await until(
        () => send("GET", "/health"),
        ({ status }) => status === 200,
      );
      expect(healthy.json).toMatchObject({ status: "ok", store: "ok" });
    });

    test("while the disk is full, the log has one error, whatever the number of refused requests", async () => {
      using disk = open()!;
      await using boathook = await install([], disk);
      const { send } = boathook;
      const app = await makeApplication(send);
      disk.fill(boathook.process.pid);
      await failingHealth(send, app);
      const refused = await Promise.all(Array.from({ length: 20 }, () => post(send, app, "x".repeat(100_000))));
      expect(refused.map(({ status }) => status)).toEqual(Array(20).fill(503));

      disk.makeRoom(boathook.process.pid);
      await boathook.process.logged(({ msg }) => msg === "Store works again.");
      const errors = boathook.process.log.filter(({ level }) => level === "error");
      expect(errors.map(({ msg }) => msg)).toEqual([expect.stringContaining("nothing was stored")]);
    });

    test("a result that could not be stored because of a full disk is stored later, without another attempt", async () => {
      using disk = open()!;
      const answer = heldBack();
      await using receiver = startReceiver(answer.answering);
      await using boathook = await install([], disk);
      const { send } = boathook;
      const app = await makeApplication(send);
      await makeEndpoint(send, app, receiver.url);
      const [message] = await sendMessages(send, app, 1);
      await receiver.arrived(1);

      disk.fill(boathook.process.pid);
      answer.give(ok);
      await boathook.process.logged(({ msg }) => msg.includes("nothing was stored"));
      expect((await send("GET", `/app/${app}/attempt/msg/${message}`)).json.data).toEqual([]);

      disk.makeRoom(boathook.process.pid);
      const [attempt] = await attemptsOf(send, app, message!);
      expect(attempt).toMatchObject({ statusText: "success", responseStatusCode: 204 });
      expect(receiver.received).toHaveLength(1);
    });

    test("a server that is killed on a full disk still has every message that got a 2xx", async () => {
      using disk = open()!;
      await using receiver = startReceiver(heldBack().answering);
      await using boathook = await install([], disk);
      const { send } = boathook;
      const app = await makeApplication(send);
      await makeEndpoint(send, app, receiver.url);
      const accepted = new Set<string>();
      const keep = (answers: readonly Answer[]) => {
        for (const { status, json } of answers) if (status === 202) accepted.add(json.id);
      };
      // Sends messages of different sizes concurrently, so that commits of every size meet the full
      // disk.
      const posts = () => Promise.all([1, 100, 5000, 100_000].map((chars) => post(send, app, "x".repeat(chars))));
      for (let i = 0; i < 10; i++) keep(await posts());
      const caughtInTheMiddle = posts();
      disk.fill(boathook.process.pid);
      keep(await caughtInTheMiddle);
      const refused = await posts();
      expect(refused.map(({ status }) => status)).toEqual([503, 503, 503, 503]);

      await boathook.kill();
      disk.makeRoom(boathook.process.pid);
      receiver.answering = ok;
      await boathook.start();
      await receiver.arrived(accepted.size, firstTime());
      const { json } = await send("GET", `/app/${app}/msg?limit=250`);
      expect(new Set(json.data.map(({ id }: { id: string }) => id))).toEqual(accepted);
      expect(new Set(receiver.received.map(({ id }) => id))).toEqual(accepted);
    });
  });
}

function isPossible(open: () => SmallDisk | null): boolean {
  using disk = open();
  return disk !== null;
}

function post(send: Send, app: string, filler = ""): Promise<Answer> {
  return send("POST", `/app/${app}/msg?with_content=false`, { eventType: "a", payload: { filler } });
}

/**
 * Sends messages until the server reports a failure, and returns its health. One failed commit is
 * not enough, because the log may still have room for a smaller commit.
 */
function failingHealth(send: Send, app: string): Promise<Answer> {
  return until(
    async () => {
      await post(send, app);
      return send("GET", "/health");
    },
    ({ status }) => status === 503,
  );
}

function expectUnavailable({ status, json, headers }: Answer): void {
  expect(status).toBe(503);
  expect(json).toEqual({ code: "unavailable", detail: expect.stringMatching(/^[A-Z].*\.$/) });
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
}
