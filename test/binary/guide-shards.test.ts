import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { which } from "bun";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, until } from "../support/delivery.ts";
import { guideBlocks, guideText, replaced } from "../support/guide.ts";
import { guidePlace } from "../support/guide-place.ts";
import { type Installation, install } from "../support/installation.ts";
import { moveApp } from "../support/move.ts";
import { startNginx } from "../support/nginx.ts";
import { examplesIn } from "../support/readme.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startCommand } from "../support/running-command.ts";
import { ROOT_TOKEN } from "../support/server.ts";

setDefaultTimeout(60_000);

test("boathook shards prints what the guide shows", async () => {
  await using at = await guidePlace();
  const [example] = examplesIn(await guideText("shards"));
  const { code, stdout } = await at.shell(example!.command);
  const masked = (text: string) => text.replace(/http:\S+/g, "URL").replace(/ +/g, " ");
  expect({ code, stdout: masked(stdout) }).toEqual({ code: 0, stdout: masked(example!.output) });
});

test("boathook shards names shards, and fails if one cannot be reached", async () => {
  await using place = await guidePlace("--shard=eu1");
  const { code, stdout } = await place.shell("boathook shards http://127.0.0.1:8071 http://127.0.0.1:1 --json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { shard: "eu1", status: "ok", pending: expect.any(Number), deadLetters: 0 },
    { shard: null, status: "unreachable (the connection was refused)", pending: null },
  ]);
});

interface Shards extends AsyncDisposable {
  readonly eu1: Installation;
  readonly eu2: Installation;
  readonly receiver: Receiver;
  /** Calls the API through nginx under its common name. */
  readonly send: Send;
  readonly url: string;
}

/**
 * Starts two shards behind nginx with the configuration of the guide. `third` is another server, which is only a
 * place of moved applications.
 */
async function behindNginx(third?: string): Promise<Shards> {
  const receiver = startReceiver();
  const [eu1, eu2] = await Promise.all([install(["--shard=eu1"]), install(["--shard=eu2"])]);
  const [text] = await guideBlocks("shards", "nginx");
  const nginx = await startNginx((port) =>
    replaced(
      text!,
      ["listen 443 ssl", `listen 127.0.0.1:${port}`],
      ["  ssl_certificate /etc/ssl/hooks.example.com.pem;\n", ""],
      ["  ssl_certificate_key /etc/ssl/hooks.example.com.key;\n", ""],
      ["10.0.0.1:8071", new URL(eu1.url).host],
      ["10.0.0.2:8071", new URL(eu2.url).host],
      ["  https://eu1.hooks.example.com shard", `  ${eu1.url} shard`],
      ["  https://eu2.hooks.example.com shard", `  ${eu2.url} shard`],
      ...(third === undefined ? [] : [["  volatile;", `  volatile;\n  ${third} ${new URL(third).host};`] as const]),
    ),
  );
  const { url } = nginx;
  const named = clientOf(url);
  const send: Send = (method, path, body, options = {}) =>
    named(method, path, body, { ...options, headers: { host: "hooks.example.com", ...options.headers } });
  const shards: Shards = {
    ...{ eu1, eu2, receiver, send, url },
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      await eu1[Symbol.asyncDispose]();
      await eu2[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
  await until(
    async () => {
      await nginx.expectRunning();
      return send("GET", "/app", undefined).then(({ status }) => status, String);
    },
    (status) => status === 400,
  );
  return shards;
}

/** Sends messages through nginx until it is stopped. Returns the ids of accepted ones, and other statuses. */
async function sendUntil(isOver: () => boolean, send: Send, app: string) {
  const accepted: string[] = [];
  const others = new Set<number>();
  while (!isOver()) {
    const { status, json } = await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
    if (status === 202) accepted.push(json.id);
    else others.add(status);
    await Bun.sleep(2);
  }
  return { accepted, others };
}

describe.skipIf(which("nginx") === null)("the guide's configuration of nginx for shards", () => {
  test("nginx finds applications by uid, by id and by header, wherever they were created", async () => {
    await using shards = await behindNginx();
    const { eu1, eu2, send } = shards;
    const uids = Array.from({ length: 24 }, () => freshUid("app"));
    const prefixes = new Set<string>();
    for (const uid of uids) {
      const { status, json } = await send("PUT", `/app/${uid}`, { name: uid, uid });
      expect(status).toBe(201);
      prefixes.add(json.id.slice(13, 17));
      expect((await send("GET", `/app/${uid}`)).json.id).toBe(json.id);
      expect((await send("GET", `/app/${json.id}`)).json.uid).toBe(uid);
      expect((await send("POST", `/auth/app-portal-access/${json.id}`, {})).status).toBe(200);
    }
    expect(prefixes).toEqual(new Set(["eu1Z", "eu2Z"]));

    const refused = await send("POST", "/app", { name: "a" });
    expect({ status: refused.status, code: refused.json.code }).toEqual({ status: 400, code: "shard_required" });
    const chosen = await send("POST", "/app", { name: "a" }, { headers: { "boathook-shard": "eu2" } });
    expect(chosen.json.id).toMatch(/^app_\w{9}eu2Z/);
    expect((await send("GET", `/app/${chosen.json.id}`)).status).toBe(200);
    const total = async (of: Installation) => (await of.send("GET", "/app?limit=100")).json.data.length as number;
    expect((await total(eu1)) + (await total(eu2))).toBeGreaterThanOrEqual(uids.length + 1);
    const own = await send("GET", "/app?limit=100", undefined, { headers: { host: "eu1.hooks.example.com" } });
    expect(own.json.data.length).toBe(await total(eu1));
  });

  test("commands that use WebSocket work through nginx, also for an application that has moved", async () => {
    await using shards = await behindNginx();
    const { eu1, eu2, url } = shards;
    const app = await makeApplication(eu1.send);
    const { id } = (await eu1.send("GET", `/app/${app}`)).json;
    const watch = async () => {
      const env = { BOATHOOK_SERVER: url, BOATHOOK_TOKEN: ROOT_TOKEN };
      await using tail = await startCommand(["tail", `--app=${id}`], env);
      await tail.noted(`Watching the application ${id}.`);
    };
    await watch();
    expect((await moveApp(app, eu1.url, eu2.url)).stderr).toBe("");
    await watch();
  });

  test("an application that has moved twice is found by its id", async () => {
    await using third = await install(["--shard=eu3"]);
    await using shards = await behindNginx(third.url);
    const { eu1, eu2, send } = shards;
    const app = await makeApplication(eu1.send);
    const { id } = (await eu1.send("GET", `/app/${app}`)).json;
    expect((await moveApp(app, eu1.url, eu2.url)).stderr).toBe("");
    expect((await moveApp(app, eu2.url, third.url)).stderr).toBe("");

    const read = await send("GET", `/app/${id}`);
    const sent = await send("POST", `/app/${id}/msg`, { eventType: "a", payload: { a: 1 } });

    expect({ status: read.status, uid: read.json.uid }).toEqual({ status: 200, uid: app });
    expect({ status: sent.status, payload: sent.json.payload }).toEqual({ status: 202, payload: { a: 1 } });
    expect((await third.send("GET", `/app/${app}/msg/${sent.json.id}`)).status).toBe(200);
  });

  test("nginx passes the largest page of a move to the host of a shard", async () => {
    await using shards = await behindNginx();
    const page = { sealed: "A".repeat(60 * 1024 * 1024) };
    const to = (host: string) =>
      shards.send("POST", "/arrival/app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr/page", page, { headers: { host } });
    for (const host of ["eu1.hooks.example.com", "eu2.hooks.example.com"]) expect((await to(host)).status).toBe(422);
  });

  test("clients behind nginx notice a move only by 503, and no message is lost", async () => {
    await using shards = await behindNginx();
    const { eu1, eu2, send, receiver } = shards;
    const app = await makeApplication(eu1.send);
    const { id } = (await eu1.send("GET", `/app/${app}`)).json;
    await makeEndpoint(eu1.send, app, receiver.url);
    let isOver = false;
    const sending = sendUntil(() => isOver, send, id);

    const { code, stderr } = await moveApp(app, eu1.url, eu2.url);

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const before = receiver.received.length;
    await receiver.arrived(before + 5);
    isOver = true;
    const { accepted, others } = await sending;
    expect([...others].filter((status) => status !== 503)).toEqual([]);
    await until(
      async () => new Set(receiver.received.map((one) => one.id)),
      (found) => accepted.every((one) => found.has(one)),
    );
    expect((await eu2.send("GET", `/app/${id}`)).status).toBe(200);
    expect((await eu1.send("GET", `/app/${id}`)).status).toBe(421);
  });
});
