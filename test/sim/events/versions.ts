import { changeEndpoint } from "../../../src/commands/endpoints.ts";
import {
  changePayloadVersion,
  createPayloadVersion,
  deletePayloadVersion,
  payloadVersions,
  pinnedVersion,
} from "../../../src/commands/payload-versions.ts";
import { Invalid } from "../../../src/core/problem.ts";
import type { Dice } from "../dice.ts";
import type { Program } from "../program.ts";
import { EVENT_TYPES, type Event, type Scene } from "../scene.ts";
import { markingDowngrade, throwsBelowOf } from "../versions.ts";
import { unless } from "./problems.ts";

const NAMES = ["1", "2", "3", "4", "5"];

/** Creates or deletes a payload version, or pins an endpoint to another one. */
export const changeVersions: Event = async (scene, program) => {
  const roll = scene.dice.next();
  if (roll < 0.4) await createVersion(scene, program);
  else if (roll < 0.6) await remove(scene, program);
  else await pin(scene, program);
};

/** Creates a payload version, unless its name is taken. */
export async function createVersion(scene: Scene, { kernel }: Program): Promise<void> {
  const { dice, environment, checks } = scene;
  const settings = {
    ...{ description: "", eventTypes: rollEventTypes(dice), deprecatedAt: null, sunsetAt: null },
    downgrade: dice.chance(0.9) ? rollDowngrade(dice) : null,
  };
  const key = { environmentSeq: environment, version: dice.pick(NAMES) };
  await checks.versions.whileChanging(() =>
    createPayloadVersion(kernel, key, settings).catch((error: unknown) => unless(error, "conflict")),
  );
  scene.marks.hit("version: created");
}

function rollDowngrade(dice: Dice): string {
  return markingDowngrade(dice.below(1_000_000), dice.pick([0, 0.4]));
}

function rollEventTypes(dice: Dice): readonly string[] {
  return dice.chance(0.6) ? EVENT_TYPES : [dice.pick(EVENT_TYPES)];
}

async function remove(scene: Scene, { kernel }: Program): Promise<void> {
  const { dice, environment, checks } = scene;
  const key = { environmentSeq: environment, version: dice.pick(NAMES) };
  await checks.versions.whileChanging(() =>
    deletePayloadVersion(kernel, key).then(
      () => scene.marks.hit("version: deleted"),
      (error: unknown) => unless(error, "not_found", "in_use"),
    ),
  );
}

/** Replaces all downgrades that throw. A deleted version is replaced by a new one of its name. */
export const mendDowngrades: Event = async (scene, { kernel }) => {
  const { environment: environmentSeq, checks, dice, marks } = scene;
  const all = await kernel.store.configuration.payloadVersions.all(environmentSeq);
  for (const { version, downgrade, deletedSeq } of all) {
    if (downgrade === null || throwsBelowOf(downgrade) === 0) continue;
    const mended = { downgrade: markingDowngrade(dice.below(1_000_000)) };
    const key = { environmentSeq, version };
    const isReplaced = all.some((other) => other.version === version && other.deletedSeq === null);
    if (deletedSeq === null) {
      await checks.versions.whileChanging(() => changePayloadVersion(kernel, key, () => mended));
    } else if (!isReplaced) {
      const settings = { description: "", eventTypes: null, deprecatedAt: null, sunsetAt: null, ...mended };
      await checks.versions.whileChanging(() =>
        createPayloadVersion(kernel, key, settings).catch((error: unknown) => unless(error, "conflict")),
      );
    }
    marks.hit("version: throwing downgrade replaced");
  }
};

async function pin(scene: Scene, { kernel }: Program): Promise<void> {
  const { dice, environment, checks } = scene;
  const { version = null } = dice.pick(await payloadVersions(kernel, environment)) ?? {};
  const seq = dice.pick(scene.endpoints);
  if (version === null || seq === undefined) return;
  try {
    const apiVersion = await pinnedVersion(kernel, environment, version);
    checks.filters.changing(seq);
    await checks.versions.whilePinning(seq, () =>
      checks.attempts.whileChanging([seq], () => changeEndpoint(kernel, seq, () => ({ apiVersion }))),
    );
    scene.marks.hit("version: endpoint pinned");
  } catch (error) {
    // The version has been deleted meanwhile.
    if (!(error instanceof Invalid)) unless(error, "not_found");
  }
}
