import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { ALERTS } from "../../src/cli/monitoring/alerts.ts";
import { executable, run } from "../support/binary.ts";
import { selfSigned } from "../support/certificate.ts";
import { freshUid, makeApplication, type Send } from "../support/client.ts";
import { type Collector, startCollector } from "../support/collector.ts";
import { crowdedDatabase } from "../support/database-fault.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type InstanceProcess, startInstances } from "../support/instances.ts";
import { type FaultyServer, machineFaults, repeated } from "../support/machine-faults.ts";
import { hasPostgres } from "../support/postgres.ts";
import { type Prometheus, prometheus, startPrometheus } from "../support/prometheus.ts";
import { heldBack, ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { makeSource } from "../support/source.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/**
 * A real Prometheus scrapes a real server, whose state is changed so that alerts fire and end. The
 * rules are the printed ones with shorter times. Faults of the machine happen to servers of their
 * own. The limits of all alerts are tested with made-up series in `test/cli/monitoring.test.ts`.
 */

setDefaultTimeout(120_000);

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

/** The faults that happen to servers of their own. */
const FAULTS = [...machineFaults, crowdedDatabase];

/** Brings about the cause of an alert and returns a function that removes it. */
type Cause = (world: World) => Promise<() => unknown>;

const NOTHING_TO_DO = () => {};

/** Makes an endpoint that trusts a certificate which ends in a week. `end` removes the certificate. */
async function endingCertificate(send: Send): Promise<{ readonly end: () => Promise<unknown> }> {
  const app = await makeApplication(send);
  const ending = selfSigned("localhost", new Date(Date.now() + 7 * 86_400_000)).cert;
  const endpoint = await makeEndpoint(send, app, "https://127.0.0.1:9/", { tls: { ca: ending } });
  return { end: () => send("PATCH", `/app/${app}/endpoint/${endpoint}`, { tls: null }) };
}

/** Alerts whose cause would prevent others, so that it comes after them. */
const LATER = ["BoathookDeliveriesHeld", "BoathookDown", "BoathookEventLoopSlow"];

/** The causes on the main server, which can exist at the same time. */
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
  BoathookCertificateEnds: async ({ send }) => (await endingCertificate(send)).end,
  async BoathookReceivedRefused({ send, receiver, stack }) {
    const { url } = await makeSource(send, receiver.url);
    const post = () => fetch(url, { method: "POST", body: "{}" });
    await post();
    return repeated(stack, post, 300).end;
  },
  async BoathookSourceDisconnected({ send }) {
    const config = { url: "sqs://KEY:secret@eu/1/q?endpoint=http%3A%2F%2F127.0.0.1%3A9" };
    const { json } = await send("POST", "/ingest/api/v1/source", { name: "Queue", type: "sqs", config });
    return () => send("DELETE", `/ingest/api/v1/source/${json.id}`);
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

/**
 * Waits until all these alerts have fired, not necessarily at the same time: some fire only for seconds. `since`
 * is a time of `performance` before their causes.
 */
async function allFired({ fired }: Prometheus, alerts: readonly string[], since = performance.now()): Promise<void> {
  await untilNone("These alerts did not fire", async () => {
    const names = new Set(await fired(1 + Math.floor((performance.now() - since) / 1000)));
    return alerts.filter((name) => !names.has(name));
  });
}

/** Waits until no alert fires, apart from those of faults that end late. */
function allEnded({ firing }: Prometheus): Promise<void> {
  const late = new Set(FAULTS.filter(({ endsLate }) => endsLate).flatMap(({ alerts }) => alerts));
  return untilNone("These alerts did not end", async () => (await firing()).filter((name) => !late.has(name)));
}

/** Starts the servers of the faults that this machine allows. Returns them with the alerts to expect. */
async function openFaults(stack: AsyncDisposableStack) {
  const servers: FaultyServer[] = [];
  const alerts: string[] = [];
  for (const fault of FAULTS) {
    if (await fault.isPossible()) {
      servers.push(await fault.open(stack));
      alerts.push(...fault.alerts);
    } else console.log(`This machine does not allow the cause of ${fault.alerts.join(", ")}: not tested here.`);
  }
  return { servers, alerts };
}

test("every alert has a cause in the test with a real Prometheus", () => {
  const ofServers = FAULTS.flatMap(({ alerts }) => alerts);
  const all = [...Object.keys(CAUSES), ...LATER, ...ofServers];
  expect(all.sort()).toEqual(ALERTS.map(({ name }) => name).sort());
});

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
    await using stack = new AsyncDisposableStack();
    const { servers, alerts } = await openFaults(stack);
    await using server = await startPrometheus([boathook.url, ...servers.map(({ url }) => url)]);
    const world = { boathook, send, collector, receiver, backups, stack };

    const begunAt = performance.now();
    for (const faulty of servers) await faulty.begin();
    const ends: (() => unknown)[] = [];
    for (const cause of Object.values(CAUSES)) ends.push(await cause(world));
    await allFired(server, [...Object.keys(CAUSES), ...alerts], begunAt);
    for (const faulty of servers) await faulty.end();
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
    await untilNone("These alerts did not end", () => server.firing());
  },
);

test.if(prometheus !== null && hasPostgres)(
  "in a real Prometheus, an alert about shared data fires once for all instances, and names them",
  async () => {
    await using group = await startInstances();
    const [one, other] = group.instances as [InstanceProcess, InstanceProcess];
    await using server = await startPrometheus([one.url, other.url]);
    expect((await one.send("POST", "/environment/pause")).status).toBeLessThan(300);
    await until(
      () => server.series("boathook_environments_paused > 0"),
      ({ length }) => length === 2,
    );
    await allFired(server, ["BoathookEnvironmentPaused"]);
    const hosts = [one.url, other.url].map((url) => new URL(url).host).sort();
    expect(await server.summaries("BoathookEnvironmentPaused")).toEqual([
      `Environments of Boathook on ${hosts.join(", ")} that have been paused for an hour: 1.`,
    ]);
    await one.send("POST", "/environment/resume");
    await allEnded(server);

    const { end } = await endingCertificate(one.send);
    await until(
      () => server.series('boathook_certificate_not_after_seconds{certificate="ca"} > 0'),
      ({ length }) => length === 2,
    );
    await allFired(server, ["BoathookCertificateEnds"]);
    const [summary, ...others] = await server.summaries("BoathookCertificateEnds");
    expect(summary).toStartWith(`A certificate (ca) of Boathook on ${hosts.join(", ")} ends in 6d 23h `);
    expect(others).toEqual([]);
    await end();
    await allEnded(server);
  },
);
