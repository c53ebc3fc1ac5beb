import type { Figure, Target, Unit } from "./figures.ts";
import { messageRequests, type RequestPlan } from "./request.ts";
import type { ScenarioOutcome } from "./result.ts";
import { type Loaded, runLoad, startReceiver } from "./run-load.ts";
import { createEndpoints, type Endpoints, type Server, startBareLoopSubject, startServer } from "./subject.ts";
import type { Workplace } from "./workplace.ts";

/** One row of the table of targets: what is measured, and how. */
export interface Scenario {
  readonly name: string;
  /** One line for the table. */
  readonly title: string;
  /** What must be prepared and how long that takes. Such a scenario runs only when it is named. Null for others. */
  readonly preparation: string | null;
  run(context: ScenarioContext): Promise<ScenarioOutcome>;
}

export interface ScenarioContext {
  readonly work: Workplace;
  /** Duration of each load. */
  readonly seconds: number;
  readonly rounds: number;
  /** Number of prepared messages, instead of that of the scenario. */
  readonly size: number | null;
  readonly onProgress: (text: string) => void;
}

export const BODY_BYTES = 500;
/**
 * The runtime compiles most of the code of a new server during its first 15,000 webhooks, on other cores.
 * A warm-up that ends after a time would leave more of that to the measurement on a slow machine.
 */
export const COMPILED_AFTER = 20_000;
/** Limits the warm-up on a slow machine, relative to the load. */
const WARM_UP_MAX = 2;
/** Duration of the warm-up of a load with a fixed rate, which is too low to compile the code. */
const OPEN_WARM_UP_SECONDS = 2;

/** Runs each side once per round, in turn, so that changes of the machine affect all sides. */
export async function alternate<Name extends string, R>(
  { rounds, onProgress }: Pick<ScenarioContext, "rounds" | "onProgress">,
  sides: Readonly<Record<Name, () => Promise<R>>>,
): Promise<Readonly<Record<Name, readonly R[]>>> {
  const names = Object.keys(sides) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, R[]>;
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      onProgress(`round ${round} of ${rounds}: ${name} …`);
      results[name].push(await sides[name]());
    }
  }
  return results;
}

/** Returns a figure of Boathook beside the same figure of a reference. */
export function compared<R>(
  [name, unit]: readonly [string, Unit],
  own: readonly R[],
  [referenceName, others]: readonly [string, readonly R[]],
  read: (result: R) => number | null,
  target: Target | null = null,
): Figure {
  return { name, unit, values: own.map(read), reference: { name: referenceName, values: others.map(read) }, target };
}

/** Returns a figure of Boathook alone. */
export function single<R>(
  [name, unit]: readonly [string, Unit],
  own: readonly R[],
  read: (result: R) => number | null,
  target: Target | null = null,
): Figure {
  return { name, unit, values: own.map(read), reference: null, target };
}

export function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1e6;
}

/** How one side of a comparison is loaded. */
export interface LegOptions {
  readonly requests?: Partial<RequestPlan>;
  readonly perSecond?: number;
  /** Number of webhooks per message. The bare loop sends them to as many paths of the receiver. */
  readonly fanOut?: number;
  readonly connections?: number;
  readonly requestsMax?: number;
  /**
   * Number of requests that are sent before all others, as fast as possible: so many that every endpoint
   * was used, or that the runtime has compiled the code for the load.
   */
  readonly requestsBefore?: number;
}

/** Starts a bare loop with a receiver, warms it up and loads it. */
export async function bareLoopLeg(context: ScenarioContext, options: LegOptions = {}): Promise<Loaded> {
  const { work } = context;
  using directory = work.directory();
  await using receiver = await startReceiver(work);
  await using subject = await startBareLoopSubject(work, directory.path, receiver.url, options.fanOut);
  return await warmAndLoad(context, subject, receiver.url, options);
}

/** A server with a receiver. */
export interface Place {
  readonly server: Server;
  readonly receiverUrl: string;
}

/** Runs `use` with a server and a receiver, both of which are ended afterwards. */
export async function withServer<T>(
  { work }: ScenarioContext,
  flags: readonly string[],
  use: (place: Place) => Promise<T>,
): Promise<T> {
  using directory = work.directory();
  await using receiver = await startReceiver(work);
  await using server = await startServer(work, directory.path, flags);
  return await use({ server, receiverUrl: receiver.url });
}

/** Starts a server with endpoints and a receiver, warms it up and loads it. */
export function serverLeg(
  context: ScenarioContext,
  options: LegOptions = {},
  endpoints: Omit<Endpoints, "url"> = {},
): Promise<Loaded> {
  return withServer(context, [], async ({ server, receiverUrl }) => {
    await createEndpoints(server, { url: namedUrl(receiverUrl), ...endpoints });
    return await warmAndLoad(context, server, receiverUrl, options);
  });
}

/** How long the requests before all others may take. */
const BEFORE_SECONDS_MAX = 600;

/** Loads a subject, after the requests before all others and a shorter load, whose figures are ignored. */
export async function warmAndLoad(
  { work, seconds }: Pick<ScenarioContext, "work" | "seconds">,
  subject: Pick<Server, "pid" | "url" | "token" | "counts"> & AsyncDisposable,
  receiverUrl: string,
  { requests, requestsBefore = 0, ...more }: LegOptions,
): Promise<Loaded> {
  const load = { requests: messageRequests(subject.token, BODY_BYTES, requests), receiverUrl, ...more };
  if (requestsBefore > 0) {
    const before = { perSecond: null, requestsMax: requestsBefore, seconds: BEFORE_SECONDS_MAX };
    await runLoad(work, subject, { ...load, ...before });
  }
  const warmUp =
    load.perSecond === undefined
      ? { requestsMax: Math.min(load.requestsMax ?? COMPILED_AFTER, COMPILED_AFTER), seconds: seconds * WARM_UP_MAX }
      : { seconds: Math.min(OPEN_WARM_UP_SECONDS, seconds) };
  await runLoad(work, subject, { ...load, ...warmUp });
  return await runLoad(work, subject, { ...load, seconds });
}

/**
 * Returns the URL of an endpoint at a receiver, whose host is a name. `localhost` is in the hosts
 * file, or loopback by definition (RFC 6761), so no name server is asked.
 */
export function namedUrl(receiverUrl: string, path = "/hook"): string {
  const url = new URL(path, receiverUrl);
  url.hostname = "localhost";
  return url.href;
}
