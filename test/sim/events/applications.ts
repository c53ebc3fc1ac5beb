import {
  changeApplication,
  deleteApplication as deleteApplicationCommand,
} from "../../../src/commands/applications.ts";
import type { Seq } from "../../../src/core/id.ts";
import { quotaFor, rollApplicationRate } from "../furnish.ts";
import type { Program } from "../program.ts";
import type { Event, Scene } from "../scene.ts";
import type { Target } from "../watch/in-flight.ts";
import { unlessGone } from "./problems.ts";
import { addToken, use } from "./tokens.ts";

/** Returns the application of the targeted endpoint, or a random one. */
async function pickApplication({ dice, applications }: Scene, { store }: Program, target: Target | null): Promise<Seq> {
  const endpoint = target === null ? null : await store.configuration.endpoints.get(target.endpointSeq);
  return endpoint?.applicationSeq ?? dice.pick(applications);
}

export const throttleApplication: Event = async (scene, program, target) => {
  const { dice, checks } = scene;
  const { kernel, store } = program;
  const seq = await pickApplication(scene, program, target);
  if ((await store.configuration.applications.get(seq)) === null) return;
  const throttleRate = rollApplicationRate(dice);
  await checks.attempts.whileThrottling(seq, () =>
    changeApplication(kernel, seq, () => ({ throttleRate, quota: quotaFor(throttleRate) })).catch(unlessGone),
  );
};

/** Deletes an application with its endpoints, but never the first application. */
export const deleteApplication: Event = async (scene, program) => {
  const { dice, checks } = scene;
  const { kernel, store } = program;
  const seq = dice.pick(scene.applications.slice(1));
  const application = seq === undefined ? null : await store.configuration.applications.get(seq);
  if (application === null) return;
  if (dice.chance(0.5)) await addToken(scene, program, application.seq);
  const endpoints = await store.configuration.endpoints.ever(application.seq);
  const end = checks.tokens.applicationEnds(application.seq);
  await checks.attempts.whileChanging(endpoints, () => deleteApplicationCommand(kernel, application));
  end();
  await Promise.all(checks.tokens.ofApplication(application.seq).map((token) => use(scene, program, token)));
};
