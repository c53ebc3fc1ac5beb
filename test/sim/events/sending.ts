import type { MessageToSend } from "../../../src/accept/payload-check.ts";
import { type Destination, sendMessage } from "../../../src/commands/send.ts";
import type { Seq } from "../../../src/core/id.ts";
import { Invalid } from "../../../src/core/problem.ts";
import { type IdempotencyEntry, StoreUnavailable } from "../../../src/store/index.ts";
import type { Dice } from "../dice.ts";
import type { Program } from "../program.ts";
import { CHANNELS, EVENT_TYPES, type Event, HOUR_MS, MINUTE_MS, type Scene, type Sent, TAGS } from "../scene.ts";
import { unless } from "./problems.ts";

/** Sends some messages concurrently. */
export const sendSome: Event = async (scene, program) => {
  const { dice } = scene;
  const count = dice.chance(0.2) ? dice.between(2, dice.chance(0.03) ? 400 : 40) : 1;
  await Promise.all(Array.from({ length: count }, () => sendOne(scene, program, dice.pick(scene.applications))));
};

async function sendOne(scene: Scene, program: Program, applicationSeq: Seq): Promise<void> {
  const sending = beginSending(scene, program, applicationSeq);
  const seqBefore = program.kernel.seqs.last;
  try {
    const result = await sendMessage(program.kernel, sending.to, sending.message(null), null);
    if (result.accepted) sending.ends({ seq: result.seq, answer: "accepted" });
  } catch (error) {
    if (error instanceof StoreUnavailable || sending.isLate(error)) sending.ends({ seq: seqBefore, answer: "refused" });
    else unless(error, "not_found", "conflict");
  }
}

export interface Sending {
  readonly to: Destination;
  readonly message: (idempotency: IdempotencyEntry | null) => MessageToSend;
  /** Whether the message was refused because its time had passed by the time it was checked. */
  readonly isLate: (error: unknown) => boolean;
  /** Records the response that the caller got. */
  readonly ends: (response: Pick<Sent, "seq" | "answer">) => void;
}

/** Creates a random message. `mark` is a field of its payload. */
export function beginSending(scene: Scene, program: Program, applicationSeq: Seq, mark: string | null = null): Sending {
  const { dice } = scene;
  const value = { n: scene.sent.length, roll: dice.next(), mark };
  const payload = Buffer.from(JSON.stringify(value));
  const sentAt = scene.clock.now;
  const now = program.clock.now();
  // Messages with a key have no other special properties.
  const deliverAt = mark === null ? rollDeliverAt(dice, now) : null;
  const retentionMs = mark === null && dice.chance(0.05) ? dice.between(1, 12) * HOUR_MS : null;
  const incoming = {
    eventType: dice.pick(EVENT_TYPES),
    eventId: mark === null && dice.chance(0.1) ? `event-${dice.below(30)}` : null,
    channels: dice.chance(0.5) ? [dice.pick(CHANNELS)] : null,
    tags: dice.chance(0.1) ? [dice.pick(TAGS)] : null,
    ...{ payload, contentType: null, headers: null, retentionMs, deliverAt, warnings: null, received: null },
  };
  return {
    to: { environmentSeq: scene.environment, application: { seq: applicationSeq } },
    message: (idempotency) => ({ incoming: { ...incoming, idempotency }, content: { value } }),
    isLate: (error) => error instanceof Invalid && deliverAt !== null && deliverAt <= scene.clock.latestBetween(sentAt),
    ends: (response) => {
      if (!program.isAlive) return;
      // The clock may have been set back since `now` was read.
      const expiresAt = retentionMs === null ? null : Math.min(now, program.clock.now()) + retentionMs;
      scene.sent.push({ applicationSeq, sentAt, payload, deliverAt, expiresAt, ...response });
    },
  };
}

function rollDeliverAt(dice: Dice, now: number): number | null {
  if (!dice.chance(0.08)) return null;
  return now + 1 + dice.below(dice.pick([10, MINUTE_MS, 30 * MINUTE_MS]));
}
