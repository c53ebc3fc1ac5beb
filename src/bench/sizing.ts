import { messageRequests } from "./request.ts";
import { type Loaded, runLoad, startReceiver } from "./run-load.ts";
import { createEndpoints, startServer } from "./subject.ts";
import { databaseBytes, usageOf } from "./usage.ts";
import type { Workplace } from "./workplace.ts";

/** Parameters of the measurement of a machine. */
export interface SizingOptions {
  /** Duration of each of the two loads. */
  readonly seconds: number;
  readonly bodyBytes: number;
  readonly connections: number;
  /** Rate of the second load, in messages per second. */
  readonly perSecond: number;
}

/** The measured figures. A figure is null if the system does not report it. */
export interface SizingFigures {
  readonly deliveredPerSecond: number;
  readonly cpuMicrosPerMessage: number | null;
  /** Share of one core that the main thread used. At 1, more cores do not make the server faster. */
  readonly mainThreadShare: number | null;
  readonly acceptP50Ms: number | null;
  readonly acceptP99Ms: number | null;
  readonly perSecond: number;
  /** Time at `perSecond` from sending a message to the API until its webhook arrives. */
  readonly arrivalP50Ms: number | null;
  readonly arrivalP99Ms: number | null;
  readonly memoryIdleBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly storedBytesPerMessage: number;
  readonly writtenBytesPerMessage: number | null;
  readonly messages: number;
}

const WARM_UP_SECONDS = 3;

/** Measures how many webhooks this machine delivers. Throws if a message is not delivered. */
export async function measureSizing(
  work: Workplace,
  options: SizingOptions,
  onProgress: (text: string) => void,
): Promise<SizingFigures> {
  onProgress("Starting a server and a receiver …");
  using directory = work.directory();
  await using receiver = await startReceiver(work);
  await using server = await startServer(work, directory.path);
  await createEndpoints(server, { url: `${receiver.url}/hook` });
  const memoryIdleBytes = usageOf(server.pid)?.memoryBytes ?? null;

  const { seconds, connections, perSecond } = options;
  const requests = messageRequests(server.token, options.bodyBytes);
  const load = { requests, connections, receiverUrl: receiver.url };
  const warmUpSeconds = Math.min(WARM_UP_SECONDS, seconds);
  onProgress(`Warming up for ${warmUpSeconds} s …`);
  const warmUp = await runLoad(work, server, { ...load, seconds: warmUpSeconds });
  onProgress(`Sending as many messages as possible for ${seconds} s …`);
  const most = await runLoad(work, server, { ...load, seconds });
  onProgress(`Sending ${perSecond} messages per second for ${seconds} s …`);
  const steady = await runLoad(work, server, { ...load, seconds, perSecond });

  onProgress("Stopping the server …");
  await server.stop();
  const messages = [warmUp, most, steady].reduce((sum, { accepted }) => sum + accepted, 0);
  return {
    ...figuresOf(most, steady, perSecond),
    memoryIdleBytes,
    messages,
    storedBytesPerMessage: databaseBytes(directory.path) / messages,
  };
}

function figuresOf(most: Loaded, steady: Loaded, perSecond: number) {
  return {
    deliveredPerSecond: most.deliveredPerSecond,
    cpuMicrosPerMessage: most.cpuMicrosPerDelivered,
    mainThreadShare: most.mainThreadShare,
    acceptP50Ms: most.acceptP50Ms,
    acceptP99Ms: most.acceptP99Ms,
    perSecond,
    arrivalP50Ms: steady.arrivalP50Ms,
    arrivalP99Ms: steady.arrivalP99Ms,
    memoryPeakBytes: steady.memoryPeakBytes,
    writtenBytesPerMessage: most.writtenBytesPerDelivered,
  };
}
