import { availableParallelism } from "node:os";
import type { Figure } from "../figures.ts";
import { batchRequests, messageRequests } from "../request.ts";
import { runLoad, startReceiver } from "../run-load.ts";
import {
  alternate,
  BODY_BYTES,
  bareLoopLeg,
  COMPILED_AFTER,
  compared,
  namedUrl,
  type Scenario,
  type ScenarioContext,
  serverLeg,
} from "../scenario.ts";
import { createEndpoints, startServer } from "../subject.ts";
import { deliveredPerSecond } from "./one-endpoint.ts";
import { prepared } from "./prepared.ts";

/** Scenarios about latency, and about what happens beside deliveries. */

const OPEN_PER_SECOND = 1000;
/** Limits the messages before a short load. */
const BEFORE_PER_SECOND = 4000;

export const latency: Scenario = {
  name: "latency",
  title: "sent until arrived, at an open load of 1,000 per second, once the code is compiled",
  preparation: null,
  async run(context) {
    // At this rate compiling takes 12 s, and a core from the load and the receiver.
    const requestsBefore = Math.min(COMPILED_AFTER, Math.ceil(context.seconds * BEFORE_PER_SECOND));
    const options = { perSecond: OPEN_PER_SECOND, requestsBefore };
    const found = await alternate(context, {
      "bare loop": () => bareLoopLeg(context, options),
      Boathook: () => serverLeg(context, options),
    });
    const others = ["bare loop", found["bare loop"]] as const;
    return {
      figures: [
        compared(["p50", "ms"], found.Boathook, others, (run) => run.arrivalP50Ms, { ratioMax: 1.2 }),
        compared(["p99", "ms"], found.Boathook, others, (run) => run.arrivalP99Ms, { ratioMax: 1.2 }),
        compared(["CPU per webhook", "µs"], found.Boathook, others, (run) => run.cpuMicrosPerDelivered),
      ],
    };
  },
};

/** Number of old messages per second of load, so that deleting them takes as long as the load. */
const OLD_PER_SECOND = 25_000;
const OLD_ENOUGH_MS = 1500;

export const retention: Scenario = {
  name: "retention",
  title: "while `retention` deletes as fast as messages come in",
  preparation: null,
  async run(context) {
    const found = await alternate(context, {
      "without it": () => retentionLeg(context, []),
      "with it": () => retentionLeg(context, ["--retention=1s"]),
    });
    const [own, without] = [found["with it"], found["without it"]];
    return {
      figures: [
        deliveredPerSecond(
          own.map(({ most }) => most),
          ["without it", without.map(({ most }) => most)],
          0.9,
        ),
        compared(["p99 at 1,000/s", "ms"], own, ["without it", without], ({ steady }) => steady.arrivalP99Ms, {
          ratioMax: 1.5,
          valueMax: 10,
        }),
      ],
    };
  },
};

/** Loads a server with stored messages that are older than its retention. */
async function retentionLeg({ work, seconds }: ScenarioContext, flags: readonly string[]) {
  using directory = work.directory();
  await using receiver = await startReceiver(work);
  {
    await using server = await startServer(work, directory.path);
    await createEndpoints(server, { url: namedUrl(receiver.url) });
    const old = Math.ceil((OLD_PER_SECOND * seconds * 2) / 1000);
    await prepared(work, server, { requests: batchRequests(server.token, BODY_BYTES), requestsMax: old });
    await server.stop();
  }
  await Bun.sleep(OLD_ENOUGH_MS);
  await using server = await startServer(work, directory.path, flags);
  const load = { requests: messageRequests(server.token, BODY_BYTES), receiverUrl: receiver.url, seconds };
  const most = await runLoad(work, server, load);
  const steady = await runLoad(work, server, { ...load, perSecond: OPEN_PER_SECOND });
  return { most, steady };
}

export const cores: Scenario = {
  name: "cores",
  title: "one endpoint on 1, 2 and 4 cores, shared with load and receiver",
  preparation: null,
  async run(context) {
    if (Bun.which("taskset") === null) {
      context.onProgress("not measured, because `taskset` (util-linux) is not installed");
      return { figures: [] };
    }
    const counts = [1, 2, 4].filter((count) => count <= availableParallelism());
    const figures: Figure[] = [];
    for (const count of counts) {
      const own: ScenarioContext = { ...context, work: context.work.onCores(count) };
      const found = await alternate(own, {
        [BARE]: () => bareLoopLeg(own),
        [OWN]: () => serverLeg(own),
      });
      const others = ["bare loop", found[BARE]!] as const;
      const label = count === 1 ? "1 core" : `${count} cores`;
      figures.push(
        compared([`delivered, ${label}`, "/s"], found[OWN]!, others, (run) => run.deliveredPerSecond),
        compared([`CPU per webhook, ${label}`, "µs"], found[OWN]!, others, (run) => run.cpuMicrosPerDelivered),
        compared([`main thread, ${label}`, "%"], found[OWN]!, others, ({ mainThreadShare }) =>
          mainThreadShare === null ? null : mainThreadShare * 100,
        ),
      );
    }
    return { figures };
  },
};

const BARE = "bare loop";
const OWN = "Boathook";
