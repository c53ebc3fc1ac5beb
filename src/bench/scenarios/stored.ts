import { BATCH, batchRequests, messageRequests } from "../request.ts";
import type { Series } from "../result.ts";
import { reportOf, runLoad, startReceiver } from "../run-load.ts";
import { BODY_BYTES, compared, megabytes, namedUrl, type Scenario, type ScenarioContext, single } from "../scenario.ts";
import { createEndpoints, type Server, type Subject, startBareLoopSubject, startServer } from "../subject.ts";
import { usageOf } from "../usage.ts";
import type { Workplace } from "../workplace.ts";
import { filled } from "./prepared.ts";

/** Scenarios in which much is stored. */

const HISTORY = 1_000_000;
const STEPS = 10;
const STEP_SECONDS_MAX = 600;
const WARM_UP_SECONDS = 2;

export const history: Scenario = {
  name: "history",
  title: "cost of a webhook while 1,000,000 messages are stored",
  preparation: "sends 1,000,000 messages to each side, about 3 minutes",
  async run(context) {
    const total = context.size ?? HISTORY;
    const series: Series[] = [];
    context.onProgress(`bare loop, ${total} messages …`);
    series.push({ name: "bare loop", points: await withLoop(context, total) });
    context.onProgress(`Boathook, ${total} messages …`);
    series.push({ name: "Boathook", points: await withHistory(context, total) });
    const own = series[1]!.points;
    const cpu = ["CPU per webhook at the end", "µs"] as const;
    const figure = compared(
      cpu,
      [own.at(-1) ?? null],
      ["at the start", [own[0] ?? null]],
      (point) => point?.[1] ?? null,
    );
    return { figures: [figure], series };
  },
};

async function withLoop({ work, seconds }: ScenarioContext, total: number) {
  using directory = work.directory();
  await using receiver = await startReceiver(work);
  await using loop = await startBareLoopSubject(work, directory.path, receiver.url);
  return await pointsOf(work, loop, receiver.url, { total, seconds });
}

async function withHistory({ work, seconds }: ScenarioContext, total: number) {
  using directory = work.directory();
  await using receiver = await startReceiver(work);
  await using server = await startServer(work, directory.path);
  await createEndpoints(server, { url: namedUrl(receiver.url) });
  return await pointsOf(work, server, receiver.url, { total, seconds });
}

/** Sends messages in steps after a warm-up, and returns the CPU time per webhook of each. */
async function pointsOf(
  work: Workplace,
  subject: Subject,
  receiverUrl: string,
  { total, seconds }: { readonly total: number; readonly seconds: number },
) {
  const points: [number, number][] = [];
  const requestsMax = Math.ceil(total / STEPS);
  const requests = messageRequests(subject.token, BODY_BYTES);
  await runLoad(work, subject, { requests, receiverUrl, seconds: Math.min(WARM_UP_SECONDS, seconds) });
  for (let step = 1; step <= STEPS; step++) {
    const load = { requests, receiverUrl, requestsMax, seconds: STEP_SECONDS_MAX };
    const { cpuMicrosPerDelivered } = await runLoad(work, subject, load);
    if (cpuMicrosPerDelivered !== null) points.push([step * requestsMax, cpuMicrosPerDelivered]);
  }
  return points;
}

const PENDING = 5_000_000;
const SAMPLE = 100_000;
const FIRST_DELIVERY_WITHIN_MS = 60_000;
const POLL_MS = 10;

export const backlog: Scenario = {
  name: "backlog",
  title: "5 million pending deliveries",
  preparation: "stores 5,000,000 messages, about 4 minutes and 6 GB of disk",
  async run(context) {
    const { work } = context;
    const total = context.size ?? PENDING;
    using directory = work.directory();
    await using receiver = await startReceiver(work);
    const sample = Math.min(SAMPLE, total);
    context.onProgress(`storing ${total} messages …`);
    const accepted = await fillBacklog(context, directory.path, receiver.url, { total, sample });
    context.onProgress("delivering …");
    const full = await drain(context, directory.path, receiver.url);
    using emptyDirectory = work.directory();
    context.onProgress("delivering with an empty store …");
    await fillBacklog(context, emptyDirectory.path, receiver.url, { total: sample, sample });
    const empty = await drain(context, emptyDirectory.path, receiver.url);
    const beside = "empty store";
    const perSecond = (value: number) => value;
    return {
      figures: [
        compared(["accepted", "/s"], [accepted.last], [beside, [accepted.first]], perSecond, { ratioMin: 0.9 }),
        compared(["delivered", "/s"], [full.perSecond], [beside, [empty.perSecond]], perSecond, { ratioMin: 0.9 }),
        single(["start to first delivery", "s"], [full.firstAfterSeconds], perSecond, { valueMax: 3 }),
        single(["memory, at most", "MB"], [full], (run) => megabytes(run.memoryPeakBytes), { valueMax: 300 }),
      ],
    };
  },
};

/** Stores messages for a paused endpoint and resumes it immediately before the process is killed. */
async function fillBacklog(
  { work }: ScenarioContext,
  dataDir: string,
  receiverUrl: string,
  { total, sample }: { readonly total: number; readonly sample: number },
): Promise<{ readonly first: number; readonly last: number }> {
  await using server = await startServer(work, dataDir);
  await createEndpoints(server, { url: namedUrl(receiverUrl), more: { paused: true } });
  const requests = batchRequests(server.token, BODY_BYTES);
  const fill = (messages: number) => filled(work, server, { requests, requestsMax: Math.ceil(messages / BATCH) });
  const first = await fill(sample);
  if (total > 2 * sample) await fill(total - 2 * sample);
  const last = total > sample ? await fill(sample) : first;
  await resume(server);
  return { first, last };
}

function resume(server: Server): Promise<unknown> {
  return server.call("PATCH", "/api/v1/app/bench-0/endpoint/ep-0", { paused: false });
}

/** Starts a server on a data directory and delivers for some seconds, or until nothing is left. */
async function drain({ work, seconds }: ScenarioContext, dataDir: string, receiverUrl: string) {
  await reportOf(receiverUrl);
  const startedAt = performance.now();
  await using server = await startServer(work, dataDir);
  let received = 0;
  while (received === 0) {
    if (performance.now() - startedAt > FIRST_DELIVERY_WITHIN_MS) {
      throw new Error(`No webhook has arrived within ${FIRST_DELIVERY_WITHIN_MS / 1000} s of the start.`);
    }
    await Bun.sleep(POLL_MS);
    received = (await reportOf(receiverUrl)).received;
  }
  const firstAt = performance.now();
  const firstAfterSeconds = (firstAt - startedAt) / 1000;
  let lastAt = firstAt;
  let counted = 0;
  while (performance.now() - firstAt < seconds * 1000) {
    await Bun.sleep(POLL_MS * 10);
    const { received: more } = await reportOf(receiverUrl);
    if (more === 0) break;
    counted += more;
    lastAt = performance.now();
  }
  const perSecond = counted / ((lastAt - firstAt) / 1000);
  return { firstAfterSeconds, perSecond, memoryPeakBytes: usageOf(server.pid)?.memoryPeakBytes ?? null };
}
