import { HANGING_PATH } from "../receiver.ts";
import { messageRequests } from "../request.ts";
import { runLoad, sendOnly } from "../run-load.ts";
import {
  alternate,
  BODY_BYTES,
  bareLoopLeg,
  compared,
  megabytes,
  namedUrl,
  type Place,
  type Scenario,
  type ScenarioContext,
  serverLeg,
  single,
  withServer,
} from "../scenario.ts";
import { createEndpoints, startServer } from "../subject.ts";
import { usageOf } from "../usage.ts";
import { deliveredPerSecond } from "./one-endpoint.ts";

/** Scenarios with many endpoints. */

const WIDE = 1000;
const WIDE_MESSAGES_PER_SECOND = 10;
/** 100 customers with 100 endpoints each, one for each event type. */
const CUSTOMERS = 100;
const TYPES = 100;
const IDLE_ENDPOINTS = 1000;
/** Time after the start in which the runtime compiles code and collects the garbage of the start. Nothing is measured. */
const SETTLE_MS = 15_000;
/** The system counts CPU time in steps of 10 ms, which must be a small share of the measured time. */
const IDLE_SECONDS_MIN = 10;

export const wide: Scenario = {
  name: "wide",
  title: "one message to 1,000 endpoints",
  preparation: null,
  async run(context) {
    // The number of messages is fixed, because more would only make the queue longer.
    const requestsMax = context.seconds * WIDE_MESSAGES_PER_SECOND;
    const options = { fanOut: WIDE, connections: 1, requestsMax };
    const found = await alternate(context, {
      "bare loop": () => bareLoopLeg(context, options),
      Boathook: () => serverLeg(context, options, { perType: WIDE }),
    });
    const others = ["bare loop", found["bare loop"]] as const;
    const cpu = compared(["CPU per webhook", "µs"], found.Boathook, others, (run) => run.cpuMicrosPerDelivered);
    return { figures: [deliveredPerSecond(found.Boathook, others, 1), cpu] };
  },
};

export const manyEndpoints: Scenario = {
  name: "many-endpoints",
  title: "10,000 endpoints with work, each used before",
  preparation: null,
  async run(context) {
    const many = { applications: CUSTOMERS, types: TYPES };
    const found = await alternate(context, {
      "one endpoint": () => serverLeg(context),
      // The first message to an endpoint costs more, because its settings are read.
      "10,000 endpoints": () => serverLeg(context, { requests: many, requestsBefore: CUSTOMERS * TYPES }, many),
    });
    const [own, others] = [found["10,000 endpoints"], ["one endpoint", found["one endpoint"]] as const];
    return {
      figures: [
        deliveredPerSecond(own, others, 0.9),
        compared(["CPU per webhook", "µs"], own, others, (run) => run.cpuMicrosPerDelivered),
        compared(["memory under load, at most", "MB"], own, others, (run) => megabytes(run.memoryPeakBytes)),
      ],
    };
  },
};

export const idle: Scenario = {
  name: "idle",
  title: "idle with 1,000 endpoints",
  preparation: null,
  async run(context) {
    const found = await alternate(context, { Boathook: () => idleLeg(context) });
    return {
      figures: [
        single(["share of a core", "%"], found.Boathook, (run) => run.cpuPercent, { valueMax: 0.5 }),
        single(["memory", "MB"], found.Boathook, (run) => run.memoryMb, { valueMax: 100 }),
      ],
    };
  },
};

/** Measures a server that was restarted and has nothing to do. */
async function idleLeg({ work, seconds }: ScenarioContext) {
  using directory = work.directory();
  {
    await using server = await startServer(work, directory.path);
    await createEndpoints(server, { url: "http://127.0.0.1:9/", perType: IDLE_ENDPOINTS });
    await server.stop();
  }
  await using server = await startServer(work, directory.path);
  await Bun.sleep(SETTLE_MS);
  const before = usageOf(server.pid);
  const startedAt = performance.now();
  await Bun.sleep(Math.max(seconds, IDLE_SECONDS_MIN) * 1000);
  const after = usageOf(server.pid);
  if (before === null || after === null) return { cpuPercent: null, memoryMb: null };
  const cpuPercent = ((after.cpuMs - before.cpuMs) / (performance.now() - startedAt)) * 100;
  return { cpuPercent, memoryMb: after.memoryBytes / 1e6 };
}

const HANGING_ENDPOINTS = 30;
const HANGING_DELIVERIES = 20_000;
const HANGING_TIMEOUT_MS = 60_000;
/** Load of the healthy endpoint. */
const HEALTHY_PER_SECOND = 200;

export const hanging: Scenario = {
  name: "hanging",
  title: "a healthy endpoint beside 30 that hang with 20,000 deliveries waiting",
  preparation: null,
  async run(context) {
    const found = await alternate(context, {
      "without them": () => healthyLeg(context, false),
      "beside them": () => healthyLeg(context, true),
    });
    const [own, others] = [found["beside them"], ["without them", found["without them"]] as const];
    return {
      figures: [
        compared(["sent until arrived, p50", "ms"], own, others, (run) => run.arrivalP50Ms),
        compared(["sent until arrived, p99", "ms"], own, others, (run) => run.arrivalP99Ms, { ratioMax: 1.5 }),
      ],
    };
  },
};

/** Loads a healthy endpoint at a low rate, with or without deliveries that wait for endpoints that hang. */
function healthyLeg(context: ScenarioContext, withHanging: boolean) {
  const { work, seconds } = context;
  return withServer(context, [], async ({ server, receiverUrl }) => {
    await createEndpoints(server, { url: namedUrl(receiverUrl) });
    const load = { requests: messageRequests(server.token, BODY_BYTES), receiverUrl, perSecond: HEALTHY_PER_SECOND };
    await runLoad(work, server, { ...load, seconds: Math.min(2, seconds) });
    if (withHanging) await hang(context, { server, receiverUrl });
    return await runLoad(work, server, { ...load, seconds });
  });
}

async function hang({ work }: ScenarioContext, { server, receiverUrl }: Place): Promise<void> {
  const uid = "bench-hanging";
  await server.call("POST", "/api/v1/app", { name: uid, uid });
  for (let i = 0; i < HANGING_ENDPOINTS; i++) {
    const endpoint = { url: namedUrl(receiverUrl, HANGING_PATH), timeoutMs: HANGING_TIMEOUT_MS };
    await server.call("POST", `/api/v1/app/${uid}/endpoint`, endpoint);
  }
  const requests = messageRequests(server.token, BODY_BYTES, { path: `/api/v1/app/${uid}/msg` });
  const requestsMax = Math.ceil(HANGING_DELIVERIES / HANGING_ENDPOINTS);
  await sendOnly(work, server, { requests, seconds: HANGING_TIMEOUT_MS / 1000, connections: 8, requestsMax });
}
