import type { ApplicationEntry } from "../../../src/store/directory.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import type { Dice } from "../dice.ts";
import type { Program } from "../program.ts";
import { CHANNELS, EVENT_TYPES, HOUR_MS, type Scene, type Sent, TAGS } from "../scene.ts";

/** Callers send so many messages and do not wait for each other. */
export function send(scene: Scene, program: Program, count: number): void {
  const { dice } = scene;
  for (let i = 0; i < count; i++) {
    const seq = dice.pick(scene.applications);
    const entry = program.kernel.directory.application(scene.environment, { seq });
    if (entry instanceof Promise) void entry.then((known) => known && sendOne(scene, program, known));
    else if (entry !== null) sendOne(scene, program, entry);
  }
}

function sendOne(scene: Scene, program: Program, entry: ApplicationEntry): void {
  if (!program.isAlive) return;
  const { dice } = scene;
  const payload = Buffer.from(JSON.stringify({ n: scene.sent.length, roll: dice.next() }));
  const sentAt = scene.clock.now;
  const now = program.clock.now();
  const deliverAt = rollDeliverAt(dice, now);
  const retentionMs = dice.chance(0.05) ? dice.between(1, 12) * HOUR_MS : null;
  const expiresAt = retentionMs === null ? null : now + retentionMs;
  const seqBefore = program.kernel.seqs.last;
  const tell = (message: Pick<Sent, "seq" | "answer">) => {
    if (program.isAlive) scene.sent.push({ sentAt, payload, deliverAt, expiresAt, ...message });
  };
  program.kernel.accepter
    .accept(entry, {
      eventType: dice.pick(EVENT_TYPES),
      eventId: dice.chance(0.1) ? `event-${dice.below(30)}` : null,
      channels: dice.chance(0.5) ? [dice.pick(CHANNELS)] : null,
      tags: dice.chance(0.1) ? [dice.pick(TAGS)] : null,
      payload,
      contentType: null,
      headers: null,
      retentionMs,
      deliverAt,
      warnings: null,
      idempotency: null,
    })
    .then((result) => {
      if (result.accepted) tell({ seq: result.seq, answer: "accepted" });
    })
    .catch((error) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      tell({ seq: seqBefore, answer: "refused" });
    });
}

function rollDeliverAt(dice: Dice, now: number): number | null {
  if (!dice.chance(0.08)) return null;
  return now + 1 + dice.below(dice.pick([10, 60_000, 24 * HOUR_MS]));
}
