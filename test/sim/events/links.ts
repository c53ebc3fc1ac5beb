import { knownLink, readPayloadLink, usePayloadLink } from "../../../src/commands/payload-link.ts";
import { payloadLinkEnd } from "../../../src/core/payload-link.ts";
import type { Problem } from "../../../src/core/problem.ts";
import { StoreUnavailable } from "../../../src/store/index.ts";
import type { Link } from "../checks/thin.ts";
import type { Program } from "../program.ts";
import { BODY_BYTES_MAX, type Event, type Scene } from "../scene.ts";
import { unless } from "./problems.ts";

/** Reads the payload of one of the latest thin events, once or twice at the same time. */
export const readLink: Event = async (scene, program) => {
  const { dice, checks } = scene;
  const link = checks.thin.pick(dice);
  if (link === undefined) return;
  const calls = Array.from({ length: dice.pick([1, 1, 2]) }, () => readOnce(scene, program, link));
  scene.perhapsCrashSoon();
  await Promise.all(calls);
};

/** Reads the payloads of all thin events that have not been read. */
export const readAllLinks: Event = async (scene, program) => {
  for (const link of scene.checks.thin.unread) await readOnce(scene, program, link);
};

async function readOnce({ checks }: Scene, { kernel }: Program, link: Link): Promise<void> {
  const known = knownLink(kernel, link.text);
  const reading = checks.thin.reading(link, payloadLinkEnd(known));
  try {
    const read = await readPayloadLink(kernel, known, BODY_BYTES_MAX);
    await usePayloadLink(kernel, known);
    reading.got(read);
  } catch (error) {
    if (error instanceof StoreUnavailable) return;
    unless(error, "gone", "downgrade_failed", "unavailable");
    reading.refused((error as Problem).code);
  } finally {
    reading.ends();
  }
}
