import { changeApplication } from "../../src/commands/applications.ts";
import { createEndpoint } from "../../src/commands/endpoints.ts";
import { sendMessage } from "../../src/commands/send.ts";
import type { Seq } from "../../src/core/id.ts";
import { generateSecret } from "../../src/core/signature.ts";
import { beginSending } from "./events/sending.ts";
import type { Event } from "./scene.ts";
import type { World } from "./world.ts";

const MESSAGES = 10;
const EVERY_MS = 300;
/** Time within which every endpoint gets at least one attempt. */
const WARM_UP_MS = 2000;
/**
 * The phase runs only in worlds with this number of slots. With fewer slots, the endpoints of a
 * world may use up all of them. With more, many more endpoints are needed.
 */
const CONCURRENCY = 4;

/**
 * In this phase only endpoints fail. All endpoints but one begin to hang at the same time, and
 * there are more hanging endpoints than slots.
 */
export async function hangingPhase(world: World): Promise<void> {
  const { checks, clock, network, settings, hosts, applications } = world;
  if (settings.deliveryConcurrency !== CONCURRENCY) return;
  const application = applications[0]!;
  network.onlyEndpointsFail();
  for (let i = 0; i <= CONCURRENCY; i++) {
    hosts.push(`hanging-${i}.example`);
    await world.calls.do(addPlainEndpoint(application, hosts.at(-1)!));
  }
  await world.calls.do(addPlainEndpoint(application, "steady-while-others-hang.example"));
  await world.calls.do(sendTo(application, "before others hang"));
  await world.steps.passTime(WARM_UP_MS);
  for (const host of hosts) network.changeMood(host, "hanging");
  checks.fairness.watch(world.endpoints.at(-1)!);
  const acceptedAt: number[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    await world.calls.do(sendTo(application, `while others hang: ${i}`));
    acceptedAt.push(clock.now);
    await world.steps.passTime(EVERY_MS);
  }
  await world.steps.passTime(settings.deliveryTimeoutMs);
  checks.fairness.eachStartedSoon(acceptedAt);
}

function addPlainEndpoint(applicationSeq: Seq, host: string): Event {
  return async (scene, { kernel }) => {
    const { checks, dice, endpoints } = scene;
    await checks.attempts.whileThrottling(applicationSeq, () =>
      changeApplication(kernel, applicationSeq, () => ({ throttleRate: null })),
    );
    const url = `https://${host}/`;
    const secret = generateSecret(dice.bytes(24));
    checks.signatures.endpointCreated(url, secret);
    endpoints.push((await createEndpoint(kernel, { applicationSeq, settings: { url }, secret })).seq);
  };
}

function sendTo(applicationSeq: Seq, mark: string): Event {
  return async (scene, program) => {
    const sending = beginSending(scene, program, applicationSeq, mark);
    const result = await sendMessage(program.kernel, sending.to, sending.message(null), null);
    if (result.accepted) sending.ends({ seq: result.seq, answer: "accepted" });
  };
}
