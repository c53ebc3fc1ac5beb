import { join } from "node:path";
import type { TargetName } from "./figures.ts";
import type { LoadJob } from "./load.ts";
import { PATHS, type PathName, urlOn } from "./path.ts";
import { createEndpoints, createSource, messageBody, type Product, signedRequest, startProduct } from "./product.ts";
import { Child, type TemporaryDirectory } from "./resources.ts";

/** A program to measure: the yardstick (a minimal sender) or a build of the product in one case. */
export interface Target {
  readonly name: TargetName;
  /** Null for the yardstick and the door, which always send to an address. */
  readonly path: PathName | null;
  start(directory: TemporaryDirectory, receiverUrl: string): Promise<RunningTarget>;
}

export interface RunningTarget extends AsyncDisposable {
  readonly pid: number;
  readonly messagesUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Returns the signed requests of a sender, if they differ from those of the message route. */
  readonly signed?: (payloadBytes: number) => Pick<LoadJob, "headers" | "bodies" | "fresh">;
  /** Several deliveries arrive in one request. */
  readonly isBatched?: boolean;
  counts(): Promise<Counts>;
}

/** Numbers that the target has counted since its process started. */
export interface Counts {
  readonly accepted: number;
  readonly delivered: number;
}

export interface Shape {
  readonly endpoints: number;
  /** Each message goes to one endpoint, in rotation, instead of to all of them. */
  readonly spread: boolean;
}

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");

/** Maximum concurrent attempts in the product and the yardstick. It is the product's default. */
const CONCURRENCY = 256;

export function deliveriesPerMessage({ endpoints, spread }: Shape): number {
  return spread ? 1 : endpoints;
}

/** Returns one message per event type that the endpoints receive. */
export function messageBodies({ endpoints, spread }: Shape, payloadBytes: number): string[] {
  return Array.from({ length: spread ? endpoints : 1 }, (_, i) => messageBody(i, payloadBytes));
}

/**
 * The minimal sender, `boathook bench bare-loop`. It does not route messages: with `spread`, all messages go to the same
 * receiver.
 */
export function yardstick(shape: Shape): Target {
  return {
    name: "yardstick",
    path: null,
    async start(directory, receiverUrl) {
      const receivers = Array.from({ length: deliveriesPerMessage(shape) }, (_, i) => `${receiverUrl}/hook/${i}`);
      const program = [process.execPath, MAIN, "bench", "bare-loop"];
      const child = new Child([...program, directory.file("bare-loop.db"), String(CONCURRENCY), ...receivers]);
      const { url } = await child.waitForLine((line) => JSON.parse(line) as { url: string });
      return {
        pid: child.pid,
        messagesUrl: url,
        headers: { "content-type": "application/json" },
        counts: async () => (await (await fetch(url)).json()) as Counts,
        [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
      };
    },
  };
}

const ACCEPTED = "boathook_messages_accepted_total";
const DELIVERED = 'boathook_attempts_total{outcome="success"}';

/** A build of the product. `name` distinguishes the two builds. */
export function product(name: "product" | "against", executable: string, shape: Shape, path: PathName): Target {
  const { host, token } = PATHS[path];
  return {
    name,
    path,
    async start(directory, receiverUrl) {
      const server = await startProduct(executable, directory.file("data"), token);
      const endpoints = { receiverUrl: urlOn(receiverUrl, host), concurrency: CONCURRENCY, ...shape };
      await createEndpoints(server, endpoints);
      return runningTarget(server);
    },
  };
}

/** Returns a server as a target that gets messages at its message route. */
export function runningTarget(server: Product): RunningTarget {
  const { pid, messagesUrl, headers } = server;
  const end = () => server[Symbol.asyncDispose]();
  return { pid, messagesUrl, headers, counts: () => countsOf(server), [Symbol.asyncDispose]: end };
}

/** A source of the product, whose sender signs every request and gives it an id of its own. */
export function door(executable: string): Target {
  return {
    name: "door",
    path: null,
    async start(directory, receiverUrl) {
      const server = await startProduct(executable, directory.file("data"));
      const messagesUrl = await createSource(server, { receiverUrl, concurrency: CONCURRENCY });
      return {
        pid: server.pid,
        messagesUrl,
        headers: {},
        signed: signedRequest,
        counts: () => countsOf(server),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  };
}

async function countsOf(server: Product): Promise<Counts> {
  const values = await server.metrics(ACCEPTED, DELIVERED);
  return { accepted: values[ACCEPTED], delivered: values[DELIVERED] };
}
