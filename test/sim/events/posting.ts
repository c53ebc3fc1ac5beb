import { receive } from "../../../src/commands/receive.ts";
import { Problem } from "../../../src/core/problem.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import { beginCall } from "../checks/sources.ts";
import type { Dice } from "../dice.ts";
import type { Program } from "../program.ts";
import type { Event, Scene } from "../scene.ts";
import type { Flaw } from "../sources/kinds.ts";
import type { Posting, SourceRecord } from "../sources/record.ts";
import { learnUrl } from "../sources/url.ts";

/** Number of the latest events of a source that its provider may send again. */
const SENT_AGAIN = 5;
const STALE_SECONDS = 3600;

/** Sends requests to a source as its provider does, or as somebody who forges them. */
export const post: Event = async (scene, program) => {
  const { dice, checks } = scene;
  // Its sender may not know that a source was deleted.
  const source = dice.pick(checks.sources.sources.filter(({ state }) => state !== "deleted" || dice.chance(0.2)));
  if (dice.chance(0.1)) scene.laterAtSource(dice.below(dice.pick([3, 100, 10_000])), "post");
  if (source !== undefined) await postTo(scene, program, source);
};

/** Sends one event or several ones to a source, each once or several times. */
export async function postTo(scene: Scene, program: Program, source: SourceRecord): Promise<void> {
  const { dice } = scene;
  if (source.kindName === "cron") return;
  await learnUrl(scene, program, source);
  const isBurst = dice.chance(source.kindName === "limited" ? 0.3 : 0.05);
  const events = isBurst ? dice.between(5, 20) : awaitsSecret(source) ? dice.pick([1, 2]) : 1;
  const postings = Array.from({ length: events }, () => rollPosting(scene, source));
  const copies = dice.pick([1, 1, 1, 2, 3]);
  const calls = postings.flatMap((posting) => Array.from({ length: copies }, () => send(scene, program, posting)));
  scene.perhapsCrashSoon();
  await Promise.all(calls);
}

function awaitsSecret({ kindName, captured }: SourceRecord): boolean {
  return kindName === "capturing" && captured.size === 0;
}

function rollPosting(scene: Scene, source: SourceRecord): Posting {
  const { dice } = scene;
  const { kind, postings } = source;
  const genuine = postings.filter(({ flaw }) => flaw === null);
  const flaw = awaitsSecret(source) ? "handshake" : dice.chance(0.3) ? (dice.pick(kind.flaws) ?? null) : null;
  if (flaw === null && genuine.length > 0 && dice.chance(0.45)) {
    return dice.pick(dice.chance(0.8) ? genuine.slice(-SENT_AGAIN) : genuine);
  }
  // A forged request often has the id of a genuine one, perhaps of one that follows.
  const n = postings.length;
  const id = flaw === "forged" && dice.chance(0.7) ? idOf(source, dice.pick([n - 1, n + 1])) : idOf(source, n);
  return scene.checks.sources.post(newPosting(source, { id, n, flaw, dice }));
}

function idOf({ seq }: SourceRecord, n: number): string {
  return `evt-${seq}-${n}`;
}

interface Roll {
  readonly id: string;
  readonly n: number;
  readonly flaw: Flaw | null;
  readonly dice: Dice;
}

function newPosting(source: SourceRecord, { id, n, flaw, dice }: Roll): Posting {
  const { kind, seq, kindName } = source;
  const secret = `captured-${seq}-${n}`;
  const content = flaw === "handshake" ? kind.handshake!(secret) : { [kind.idMember]: id, type: "order.paid" };
  const text = JSON.stringify({ ...content, source: seq, n, roll: dice.next() });
  // Requests that need not be JSON are not even text.
  const body = Buffer.concat([Buffer.from(text), Buffer.from(kindName === "webhook" ? [0xff, 0x00] : [])]);
  return {
    ...{ source, body, flaw, id: flaw === "handshake" ? secret : id },
    ...{ stored: [], underWay: new Set(), succeeded: 0, unanswered: 0, isUncertain: false },
  };
}

async function send(scene: Scene, program: Program, posting: Posting): Promise<void> {
  const { dice, checks, clock } = scene;
  const { replies } = checks.sources;
  const { source } = posting;
  const token = dice.chance(0.7) ? source.tokens.at(-1) : dice.pick(source.tokens);
  if (token === undefined) return;
  const request = requestOf(posting, Math.floor(clock.wall / 1000));
  const before = { mustFail: replies.mustFail(source, token) };
  const { sources } = program.kernel;
  const call = beginCall(posting, clock);
  const found = sources.find(token.text);
  const entry = found instanceof Promise ? await found : found;
  if (!program.isAlive) return;
  if (clock.stepCount === call.clockStepsAtStart) replies.lookedUp(source, token, entry !== null, before);
  if (entry === null) return void posting.underWay.delete(call);
  try {
    const { status } = await receive(program.kernel, entry, request, () => bodyOf(posting));
    if (program.isAlive) replies.replied(call, status);
  } catch (error) {
    if (!program.isAlive) return;
    if (error instanceof StoreUnavailable) replies.failed(call, "disk full");
    else if (!(error instanceof Problem)) throw error;
    else if (error.status === 503) replies.failed(call, "key unavailable");
    else if (error.status === 404) replies.failed(call, "source deleted");
    else replies.replied(call, error.status);
  }
}

function bodyOf({ flaw, body }: Posting): Uint8Array {
  if (flaw === "large") throw new Problem(413, "payload_too_large", "The body is too large.");
  return body;
}

function requestOf({ source, body, id, flaw }: Posting, wallSeconds: number) {
  const { kind, signingSecret } = source;
  const offsets: Partial<Record<Flaw, number>> = { stale: -STALE_SECONDS, early: STALE_SECONDS };
  const nowSeconds = wallSeconds + (offsets[flaw ?? "forged"] ?? 0);
  const secret = flaw === "forged" ? `whsec_${Buffer.from("another secret").toString("base64")}` : signingSecret;
  const isCapture = flaw === "handshake" && source.kindName === "capturing";
  return {
    method: flaw === "method" ? "DELETE" : "POST",
    suffix: "",
    query: "",
    headers: {
      "content-type": "application/json",
      ...(isCapture ? {} : kind.headers({ body, id, secret, nowSeconds })),
    },
    address: () => "192.0.2.1",
  };
}
