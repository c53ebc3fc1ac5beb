import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { rulesText } from "../../src/cli/monitoring/rules.ts";
import { executable, run } from "../support/binary.ts";
import { freshUid, makeApplication, type Send } from "../support/client.ts";
import { type Collector, startCollector } from "../support/collector.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { type Installation, install } from "../support/installation.ts";
import { heldBack, ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { makeSource } from "../support/source.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/**
 * A real Prometheus scrapes a real server, whose state is changed so that alerts fire and end. The
 * rules are the printed ones with shorter times. All alerts, also those whose cause cannot be
 * brought about here, are tested with made-up series in `test/cli/monitoring.test.ts`.
 */

setDefaultTimeout(120_000);

const prometheus = Bun.which("prometheus");

interface Prometheus extends AsyncDisposable {
  /** Returns the names of the firing alerts. */
  firing(): Promise<string[]>;
}

/** Returns the rules with short windows and waits, and a lower limit for late deliveries. */
function quickRules(): string {
  return rulesText("boathook")
    .replace(/for: \d+[mh]$/gm, "for: 1s")
    .replace(/\[(?:5m|15m|6h)\]/g, "[4s]")
    .replace("boathook_oldest_due_age_seconds > 300", "boathook_oldest_due_age_seconds > 1");
}

async function startPrometheus(target: string): Promise<Prometheus> {
  const dir = temporaryDirectory();
  const url = `http://127.0.0.1:${freePort()}`;
  writeFileSync(dir.file("rules.yml"), quickRules());
  const scrape = { job_name: "boathook", static_configs: [{ targets: [new URL(target).host] }] };
  const times = { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" };
  const config = { global: times, scrape_configs: [scrape], rule_files: [dir.file("rules.yml")] };
  writeFileSync(dir.file("prometheus.yml"), JSON.stringify(config));
  const child = Bun.spawn(
    [
      prometheus!,
      `--config.file=${dir.file("prometheus.yml")}`,
      `--storage.tsdb.path=${dir.file("data")}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    { stdout: "ignore", stderr: "ignore" },
  );
  await until(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
  );
  const results = async (query: string) => {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data } = (await response.json()) as { data: { result: { metric: { alertname?: string } }[] } };
    return data.result;
  };
  // The later changes must be visible as changes of values.
  await until(
    () => results("count_over_time(up[1m]) > 2"),
    (found) => found.length > 0,
  );
  return {
    async firing() {
      const found = await results('ALERTS{alertstate="firing"}');
      return [...new Set(found.map(({ metric }) => metric.alertname!))].sort();
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      dir[Symbol.dispose]();
    },
  };
}

interface World {
  readonly boathook: Installation;
  readonly send: Send;
  readonly collector: Collector;
  readonly receiver: Receiver;
  /** The place of the backups, which is a file at first. */
  readonly backups: string;
  /** What is removed at the end. */
  readonly stack: AsyncDisposableStack;
}

/** Brings about the cause of an alert and returns a function that removes it. */
type Cause = (world: World) => Promise<() => unknown>;

const NOTHING_TO_DO = () => {};

/** The causes that can exist at the same time. */
const CAUSES: Readonly<Record<string, Cause>> = {
  async BoathookDeliveriesLate({ send, stack }) {
    const held = heldBack();
    const slow = stack.use(startReceiver(held.answering));
    const app = await makeApplication(send);
    await makeEndpoint(send, app, slow.url, { concurrency: 1 });
    for (let i = 0; i < 3; i++) await sendMessage(send, app);
    return () => held.give(ok);
  },
  async BoathookEnvironmentPaused({ send, boathook: { dataDir } }) {
    const name = freshUid("paused");
    await run(executable(), ["token", "create", `--environment=${name}`, `--data-dir=${dataDir}`]);
    const headers = { "boathook-environment": name };
    expect((await send("POST", "/environment/pause", undefined, { headers })).status).toBeLessThan(300);
    return () => send("POST", "/environment/resume", undefined, { headers });
  },
  async BoathookEndpointsFailing({ send, receiver }) {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, `${receiver.url}/failing`);
    receiver.answering = withStatus(500);
    await sendMessage(send, app);
    return async () => {
      receiver.answering = ok;
      await sendMessage(send, app);
    };
  },
  // The message of the failing endpoint is a dead letter after its only attempt.
  BoathookDeadLettersGrowing: async () => NOTHING_TO_DO,
  async BoathookEndpointDisabled({ send }) {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, "http://127.0.0.1:9/");
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { disabled: true });
    return NOTHING_TO_DO;
  },
  async BoathookReceivedRefused({ send, receiver }) {
    const { url } = await makeSource(send, receiver.url);
    const post = () => fetch(url, { method: "POST", body: "{}" });
    await post();
    const repeated = setInterval(post, 300);
    return () => clearInterval(repeated);
  },
  BoathookBackupOverdue: async ({ backups }) => {
    return () => {
      rmSync(backups);
      mkdirSync(backups);
    };
  },
  async BoathookSpansDropped({ collector }) {
    collector.answering = () => new Response("no", { status: 401 });
    return () => {
      collector.answering = () => new Response();
    };
  },
};

const DEADLINE_MS = 40_000;

/** Asks until the result is empty. Throws with the last result if it does not become empty. */
async function untilNone(what: string, ask: () => Promise<readonly string[]>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  await until(ask, (names) => {
    if (names.length > 0 && performance.now() > deadline) throw new Error(`${what}: ${names.join(", ")}`);
    return names.length === 0;
  });
}

/** Waits until all these alerts have fired, not necessarily at the same time. */
async function allFired({ firing }: Prometheus, alerts: readonly string[]): Promise<void> {
  const fired = new Set<string>();
  await untilNone("These alerts did not fire", async () => {
    for (const name of await firing()) fired.add(name);
    return alerts.filter((name) => !fired.has(name));
  });
}

function allEnded({ firing }: Prometheus): Promise<void> {
  return untilNone("These alerts did not end", firing);
}

test.if(prometheus !== null)(
  "in a real Prometheus, alerts fire while their cause exists, and end after it",
  async () => {
    using dir = temporaryDirectory();
    const backups = dir.file("backups");
    writeFileSync(backups, "a file instead of a directory");
    await using collector = startCollector();
    await using receiver = startReceiver();
    await using boathook = await install([
      ...["--retry-schedule=", `--backup-dir=${backups}`, "--backup-every=1s"],
      `--otlp-endpoint=${collector.url}`,
    ]);
    const { send } = boathook;
    await using server = await startPrometheus(boathook.url);
    await using stack = new AsyncDisposableStack();
    const world = { boathook, send, collector, receiver, backups, stack };

    const ends: (() => unknown)[] = [];
    for (const cause of Object.values(CAUSES)) ends.push(await cause(world));
    await allFired(server, Object.keys(CAUSES));
    for (const end of ends) await end();
    await allEnded(server);

    await send("POST", "/delivery/hold");
    await allFired(server, ["BoathookDeliveriesHeld"]);
    await send("POST", "/delivery/resume");
    await allEnded(server);

    process.kill(boathook.process.pid, "SIGSTOP");
    await allFired(server, ["BoathookDown"]);
    process.kill(boathook.process.pid, "SIGCONT");
    await allFired(server, ["BoathookEventLoopSlow"]);
    await allEnded(server);
    expect(await server.firing()).toEqual([]);
  },
);
