import type { Keyed } from "../../../src/accept/idempotency.ts";
import { sendMessage } from "../../../src/commands/send.ts";
import { createToken } from "../../../src/commands/tokens.ts";
import { notFound } from "../../../src/core/problem.ts";
import { type IdempotencyEntry, type IdempotentResponse, StoreUnavailable } from "../../../src/store/index.ts";
import type { Key } from "../checks/keys.ts";
import type { Program } from "../program.ts";
import type { Event, Scene } from "../scene.ts";
import { unlessGone } from "./problems.ts";
import { beginSending } from "./sending.ts";

interface Response {
  readonly status: number;
  readonly body: string;
}

/**
 * Makes one call with an idempotency key, or several at the same time, and perhaps repeats it
 * later.
 */
export const sendWithKey: Event = async (scene, program) => {
  const { dice, checks } = scene;
  const applicationSeq = dice.pick(scene.applications);
  const key = checks.keys.pick(dice, applicationSeq);
  if (dice.chance(0.5)) scene.later(dice.below(dice.pick([3, 100, 10_000])), "sendWithKey", null);
  const calls = Array.from({ length: dice.pick([1, 1, 2, 4]) }, () => call(scene, program, key));
  await Promise.all(calls);
};

async function call(scene: Scene, program: Program, key: Key): Promise<void> {
  const { checks, marks } = scene;
  const { kernel } = program;
  const isSecond = key.callsUnderWay > 0;
  let hasWorked = false;
  const keyed: Keyed<Response> = {
    scope: `caller POST /${key.kind}`,
    key: key.name,
    bodyHash: async () => Buffer.from(key.name),
    storedByWork: key.kind === "message",
    work: (idempotency) => {
      hasWorked = true;
      if (isSecond) marks.hit("key: first call failed, next one tried");
      return key.kind === "token" ? createNamedToken(scene, program, key) : send(scene, program, key, idempotency);
    },
    repeat: (response) => repeated(scene, program, key, response),
  };
  key.callsUnderWay++;
  try {
    const { body } = await kernel.idempotency.once(keyed);
    if (isSecond && !hasWorked) marks.hit("key: waited for the first call");
    checks.keys.responded(key, body, program);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) unlessGone(error);
  } finally {
    key.callsUnderWay--;
  }
}

async function send(scene: Scene, program: Program, key: Key, idempotency: IdempotencyEntry): Promise<Response> {
  const { to, message } = beginSending(scene, program, key.applicationSeq, key.name);
  const result = await sendMessage(program.kernel, to, message(idempotency), null);
  if (result.accepted) return { status: 202, body: String(result.seq) };
  scene.marks.hit("key: found used at the commit");
  const response = await repeated(scene, program, key, result.response);
  if (response === null) throw notFound("Message not found");
  return response;
}

async function createNamedToken(
  { environment: environmentSeq }: Scene,
  { kernel }: Program,
  key: Key,
): Promise<Response> {
  const { token, text } = await createToken(kernel, { name: key.name, environmentSeq, validMs: null });
  return { status: 201, body: JSON.stringify({ seq: token.seq, text }) };
}

async function repeated(
  scene: Scene,
  { store, number }: Program,
  key: Key,
  response: IdempotentResponse,
): Promise<Response | null> {
  if (key.life !== null && key.life !== number) scene.marks.hit("key: response repeated after a restart");
  if (response.kind === "text") {
    scene.marks.hit("key: text repeated");
    return { status: response.status, body: response.body };
  }
  const message = await store.history.messages.get(response.messageSeq);
  return message === null ? null : { status: 202, body: String(message.seq) };
}
