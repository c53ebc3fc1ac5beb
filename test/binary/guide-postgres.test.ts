import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { dirname } from "node:path";
import { SQL, which } from "bun";
import { postgresPrograms } from "../../scripts/test-servers/postgres.ts";
import { EXECUTABLE, executable, programEnvironment, type RunningBoathook, startBoathook } from "../support/binary.ts";
import { freePorts } from "../support/brokers/broker.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { guideBlocks, guideText, replaced } from "../support/guide.ts";
import { install } from "../support/installation.ts";
import { startNginx } from "../support/nginx.ts";
import { hasPgbouncer, runPgbouncer } from "../support/pgbouncer.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { type Example, examplesIn } from "../support/readme.ts";
import { startReceiver } from "../support/receiver.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { soon } from "../support/soon.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("the page about PostgreSQL", () => {
  let server: PostgresServer;
  let home: ReturnType<typeof temporaryDirectory>;
  let env: Record<string, string>;
  let examples: Example[];

  beforeAll(async () => {
    home = temporaryDirectory();
    server = await startPostgres();
    examples = examplesIn(await guideText("postgres"));
    const [statements] = await guideBlocks("postgres", "sql");
    await using sql = new SQL(server.url("postgres"), { max: 1 });
    for (const statement of statements!.split(";")) if (statement.trim() !== "") await sql.unsafe(statement);
    env = await settingsOfThePage();
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    home?.[Symbol.dispose]();
  });

  /** Runs the first block in a shell, without its last line, and returns the variables that it sets. */
  async function settingsOfThePage(): Promise<Record<string, string>> {
    const [start] = await guideBlocks("postgres", "sh");
    const exports = start!.trimEnd().split("\n").slice(0, -1).join("\n");
    const command = `${replaced(exports, ["127.0.0.1:5432", `127.0.0.1:${server.port}`])}\nenv`;
    const child = Bun.spawn(["sh", "-c", command], { env: { PATH: process.env.PATH! }, stdout: "pipe" });
    const lines = (await new Response(child.stdout).text()).split("\n").filter((line) => line.startsWith("BOATHOOK_"));
    return Object.fromEntries(lines.map((line) => [line.split("=", 1)[0]!, line.slice(line.indexOf("=") + 1)]));
  }

  function start(change: Readonly<Record<string, string>> = {}): Promise<RunningBoathook> {
    const options = { cwd: home.path, env: { ...env, ...change } };
    return startBoathook(executable(), home.file("unused"), ["--allow-subnets=127.0.0.0/8", "--lease=2s"], options);
  }

  const rootOf =
    (url: string): Send =>
    (method, path, body, options) =>
      clientOf(url)(method, path, body, { token: env.BOATHOOK_ROOT_TOKEN!, ...options });

  /** Runs a command of the page, as the superuser where PostgreSQL asks for more than the user of Boathook has. */
  async function shell(command: string, more: Readonly<Record<string, string>> = {}) {
    const { username, password, port } = new URL(server.url("postgres"));
    const child = Bun.spawn(["sh", "-ec", command], {
      cwd: home.path,
      env: await programEnvironment({
        ...{ PATH: `${dirname(EXECUTABLE)}:${postgresPrograms()}:${process.env.PATH}` },
        ...{ PGHOST: "127.0.0.1", PGPORT: port, PGUSER: username, PGPASSWORD: decodeURIComponent(password) },
        ...env,
        ...more,
      }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { code: await child.exited, stdout: stdout.trimEnd(), stderr };
  }

  const exampleOf = (start: string) => examples.find(({ command }) => command.startsWith(start))!;

  test("with the database, user and settings of the guide's page about PostgreSQL, doctor prints what the page shows", async () => {
    const running = await start();
    const app = await makeApplication(rootOf(running.url));
    await rootOf(running.url)("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
    const { command, output } = exampleOf("boathook doctor");
    const masked = (text: string) =>
      text
        .replace(/The name servers .* respond/, "The name servers respond")
        .replace(/\d+(\.\d+)?/g, "N")
        .replace(/(KiB|MiB)/g, "size");
    const { code, stdout } = await shell(command);
    expect({ code, stdout: masked(stdout) }).toEqual({ code: 0, stdout: masked(output) });
    await running.stop();
  });

  test("a database that was restored from a dump is served with the same key", async () => {
    const running = await start();
    const app = await makeApplication(rootOf(running.url));
    expect(await shell(exampleOf("pg_dump").command)).toMatchObject({ code: 0 });
    await running.stop();
    const restore = (await guideBlocks("postgres", "sh")).find((block) => block.includes("pg_restore"));
    expect(await shell(restore!)).toMatchObject({ code: 0 });
    const restored = await start({ BOATHOOK_STORE: env.BOATHOOK_STORE!.replace(/hooks$/, "restored") });
    expect((await rootOf(restored.url)("GET", `/app/${app}`)).status).toBe(200);
    await restored.stop();
  });

  test("the configuration of a server on SQLite moves, with signing secrets and without ids", async () => {
    await using before = await install();
    const app = await makeApplication(before.send);
    const endpoint = await makeEndpoint(before.send, app, "https://hooks.example.com/");
    await before.send("PATCH", `/app/${app}/endpoint/${endpoint}`, { uid: "main" });
    const running = await start();
    const move = (await guideBlocks("postgres", "sh")).find((block) => block.includes("boathook export"));
    const command = replaced(move!, ["http://127.0.0.1:8071", before.url], ["https://hooks.example.com", running.url]);
    const { code, stderr } = await shell(command, {
      BOATHOOK_TOKEN: ROOT_TOKEN,
      NEW_ROOT_TOKEN: env.BOATHOOK_ROOT_TOKEN!,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    const secretOf = async (send: Send) => (await send("GET", `/app/${app}/endpoint/main/secret`)).json.key;
    expect(await secretOf(rootOf(running.url))).toBe(await secretOf(before.send));
    await running.stop();
  });

  test.skipIf(!hasPgbouncer)(
    "an instance stores and delivers through a PgBouncer with the configuration of the guide",
    async () => {
      await using receiver = startReceiver();
      const [port] = freePorts(1) as [number];
      const [ini] = await guideBlocks("postgres", "ini");
      const { username, password } = new URL(env.BOATHOOK_STORE!);
      await using _ = await runPgbouncer(port, `"${username}" "${password}"\n`, (users) =>
        replaced(
          ini!,
          ["host=10.0.0.5 port=5432", `host=127.0.0.1 port=${server.port}`],
          ["10.0.0.6", "127.0.0.1"],
          ["6432", `${port}`],
          ["/etc/pgbouncer/userlist.txt", users],
        ),
      );
      const pooled = new URL(env.BOATHOOK_STORE!);
      pooled.port = String(port);
      const running = await start({ BOATHOOK_STORE: pooled.href });
      const app = await makeApplication(rootOf(running.url));
      await makeEndpoint(rootOf(running.url), app, receiver.url);
      await rootOf(running.url)("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
      await receiver.arrived(1);
      expect(await shell("boathook doctor", { BOATHOOK_STORE: pooled.href })).toMatchObject({ code: 0 });
      await running.stop();
    },
  );

  test.skipIf(which("nginx") === null)(
    "behind the nginx of the page, no accepted message is lost when an instance is killed",
    async () => {
      await using receiver = startReceiver();
      const [one, other] = [await start(), await start()];
      const [site] = await guideBlocks("postgres", "nginx");
      await using nginx = await startNginx((port) =>
        replaced(
          site!,
          ["listen 443 ssl", `listen 127.0.0.1:${port}`],
          ["  ssl_certificate /etc/ssl/hooks.example.com.pem;\n", ""],
          ["  ssl_certificate_key /etc/ssl/hooks.example.com.key;\n", ""],
          ["10.0.0.1:8071", new URL(one.url).host],
          ["10.0.0.2:8071", new URL(other.url).host],
        ),
      );
      const send = rootOf(nginx.url);
      await soon(
        async () => {
          await nginx.expectRunning();
          return send("GET", "/app").then(({ status }) => status, String);
        },
        (status) => status === 200,
      );
      const app = await makeApplication(send);
      await makeEndpoint(send, app, receiver.url);
      const accepted: string[] = [];
      for (let i = 0; i < 60; i++) {
        if (i === 20) one.kill("SIGKILL");
        const { status, json } = await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
        if (status === 202) accepted.push(json.id);
      }
      await soon(
        () => new Set(receiver.received.map(({ id }) => id)),
        (received) => accepted.every((id) => received.has(id)),
      );
      expect(accepted.length).toBeGreaterThan(50);
      await Promise.all([one.exited, other.stop()]);
    },
  );
});
