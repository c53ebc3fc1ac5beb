import { join } from "node:path";
import type { TargetName } from "./figures.ts";
import { PATHS, type PathName, urlOn } from "./path.ts";
import { createEndpoints, messageBody, startProduct } from "./product.ts";
import { Child, type TemporaryDirectory } from "./resources.ts";

/** A program to measure: the yardstick (a minimal sender) or a build of the product in one case. */
export interface Target {
  readonly name: TargetName;
  /** Null for the yardstick, which has no tokens and always sends to an address. */
  readonly path: PathName | null;
  start(directory: TemporaryDirectory, receiverUrl: string): Promise<RunningTarget>;
}

export interface RunningTarget extends AsyncDisposable {
  readonly pid: number;
  readonly messagesUrl: string;
  readonly headers: Readonly<Record<string, string>>;
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
 * The minimal sender. It does not route messages: with `spread`, all messages go to the same
 * receiver.
 */
export function yardstick(shape: Shape): Target {
  return {
    name: "yardstick",
    path: null,
    async start(directory, receiverUrl) {
      const receivers = Array.from({ length: deliveriesPerMessage(shape) }, (_, i) => `${receiverUrl}/hook/${i}`);
      const program = [process.execPath, join(import.meta.dir, "yardstick.ts")];
      const child = new Child([...program, directory.file("yardstick.db"), String(CONCURRENCY), ...receivers]);
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
      return {
        pid: server.pid,
        messagesUrl: server.messagesUrl,
        headers: server.headers,
        async counts() {
          const values = await server.metrics(ACCEPTED, DELIVERED);
          return { accepted: values[ACCEPTED], delivered: values[DELIVERED] };
        },
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  };
}
