import type { Answer, OutgoingRequest } from "../../../src/ports.ts";
import type { Dice } from "../dice.ts";
import type { MoveChecks, Receiver } from "./checks.ts";
import type { MoveFaults } from "./faults.ts";
import type { Site } from "./site.ts";
import type { Timeline } from "./timeline.ts";

/** An endpoint that fails until nothing fails any more. */
const FAILING = "failing.example";

export const RECEIVERS: readonly Receiver[] = [
  { host: "plain.example", isFifo: false },
  { host: "fifo.example", isFifo: true },
  { host: FAILING, isFifo: false },
];

interface Parts {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly checks: MoveChecks;
  readonly faults: MoveFaults;
}

/** Responds to an attempt, unless the site dies first. Some failing endpoints never respond. */
export function respond(
  { timeline, dice, checks, faults }: Parts,
  site: Site,
  { url, headers }: OutgoingRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const id = headers.find(([name]) => name === "webhook-id")![1];
  const responded = checks.requested(site, url.hostname, id);
  const isFailure = faults.failsResponse() || (faults.areOn && url.hostname === FAILING);
  const hangs = isFailure && dice.chance(0.2);
  const { lives } = site;
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const answer = (given: Answer) => {
    responded(given.kind === "response" && given.status === 200);
    if (site.isAlive && site.lives === lives) resolve(given);
  };
  const response = { status: isFailure ? 500 : 200, retryAfter: null, body: new Uint8Array(0), note: null };
  const respondsMs = dice.below(30);
  const cancel = hangs ? () => {} : timeline.clock.at(respondsMs, () => answer({ kind: "response", ...response }));
  const cutOff = () => {
    cancel();
    answer({ kind: "failure", reason: "timeout", detail: "cut off" });
  };
  signal.addEventListener("abort", cutOff, { once: true });
  return promise;
}
