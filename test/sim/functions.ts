/**
 * The functions of the simulation. For a message of `beginSending` they send messages and make requests;
 * those of sources and of other functions they only receive.
 */
import { HOST_PRELUDE } from "../../src/sandbox/host-prelude.ts";
import type { HostedCall, HostedResult, HostReply, HostRequest } from "../../src/sandbox/sandbox.ts";
import type { Dice } from "./dice.ts";
import { parsedAsCodeSees } from "./versions.ts";

/** The host that functions call. It behaves like those of endpoints. */
export const CALLED_HOST = "called.example";

/** Number of turns in which everything happens that follows from a reply without waiting. */
const JOBS = 40;

/** Returns a function that sends some messages and makes some requests. `host` is its name. */
export function rollFunction(dice: Dice, host: string): string {
  const parts = dice.between(1, 3);
  const steps = Array.from({ length: parts }, (_, part) => {
    const sends = dice.chance(0.7) ? `await send(${part});` : `send(${part}).catch((error) => errors.push(error));`;
    return dice.chance(0.5) ? `await call();\n  ${sends}` : sends;
  });
  return `const [by, parts] = ["${host}", ${parts}];
async function handler({ id, payload }, ctx) {
  if (payload?.mark === undefined) return "nothing to send";
  const { roll } = payload;
  const call = async () => {
    const { status } = await ctx.fetch("https://${CALLED_HOST}/", { method: "POST", body: id });
    if (status >= 400) throw new Error("The called server failed.");
  };
  const send = (part) => ctx.send({ eventType: "order.sent", payload: { cause: id, by, part, roll } });
  const errors = [];
  ${steps.join("\n  ")}
  if (errors.length > 0) throw errors[0];
  return parts;
}`;
}

/** Returns the name of a function of `rollFunction`. */
export function hostOfFunction(code: string): string {
  return /^const \[by, parts\] = \["([^"]+)"/.exec(code)![1]!;
}

/** Returns the number of messages that a function of `rollFunction` sends for a message of `beginSending`. */
export function partsOfFunction(code: string): number {
  return Number(/^const \[by, parts\] = \["[^"]+", (\d)\]/.exec(code)![1]);
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

interface Host {
  readonly requests: ArrayLike<string>;
  readonly invoke: (handler: Handler, argument: string) => Promise<unknown>;
  readonly settle: (call: number, isOk: boolean, json: string) => void;
}

/** Runs the code with the replies so far, as the sandbox does. */
export async function runFunction({ code, argument, payload, ...call }: HostedCall): Promise<HostedResult> {
  const host = (new Function(`return ${HOST_PRELUDE}`)() as (context: string) => Host)(call.context);
  const handler = new Function(`${code}\nreturn handler;`)() as Handler;
  const event = { ...JSON.parse(argument!), payload: parsedAsCodeSees(payload!.bytes) };
  let end: HostedResult | null = null;
  host.invoke(handler, JSON.stringify(event)).then(
    (value) => {
      end = { kind: "returned", json: JSON.stringify(value), payload: "unchanged", logs: [] };
    },
    (error: unknown) => {
      end = { kind: "failed", cause: "exception", message: String(error), line: null, column: null, logs: [] };
    },
  );
  const replies: Iterator<HostReply> = call.replies[Symbol.iterator]();
  for (let ended = await jobs(() => end); ; ended = await jobs(() => end)) {
    const reply = ended === null ? replies.next() : null;
    if (reply === null || reply.done === true) {
      const requests = Array.from(host.requests).slice(call.callsBefore);
      const asked = requests.map((text) => JSON.parse(text) as HostRequest);
      return { ...(ended ?? { kind: "waiting", logs: [] }), ...(asked.length > 0 && { requests: asked }) };
    }
    host.settle(reply.value.call, reply.value.isOk, reply.value.json);
  }
}

async function jobs<T>(result: () => T): Promise<T> {
  for (let job = 0; job < JOBS; job++) await null;
  return result();
}
