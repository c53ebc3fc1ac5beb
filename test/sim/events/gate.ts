import { holdDelivery } from "../../../src/commands/delivery.ts";
import { pauseEnvironment } from "../../../src/commands/environments.ts";
import type { Stop } from "../checks/gate.ts";
import type { Program } from "../program.ts";
import { type Event, MINUTE_MS, type Scene } from "../scene.ts";

/** Holds all deliveries, mostly for a short time, or resumes held ones. */
export const hold: Event = (scene, program) => toggle(scene, program, "held");

/** Pauses the environment, mostly for a short time, or resumes it. */
export const pauseEnvironmentOfWorld: Event = (scene, program) => toggle(scene, program, "paused");

async function toggle(scene: Scene, program: Program, stop: Stop): Promise<void> {
  const { checks, dice, later } = scene;
  const isClosed = !checks.gate.isClosed(stop);
  await set(scene, program, stop, isClosed);
  const name = stop === "held" ? "hold" : "pauseEnvironment";
  if (isClosed && dice.chance(0.9)) later(dice.below(dice.pick([2, 50, 1000, 10_000, 5 * MINUTE_MS])), name, null);
}

async function set({ checks, environment, marks }: Scene, { kernel }: Program, stop: Stop, isClosed: boolean) {
  await checks.gate.whileChanging(stop, () =>
    stop === "held" ? holdDelivery(kernel, isClosed) : pauseEnvironment(kernel, environment, isClosed),
  );
  marks.hit(`${isClosed ? "stopped" : "resumed"}: deliveries ${stop}`);
}

/** Resumes all deliveries and the environment. */
export async function openGate(scene: Scene, program: Program): Promise<void> {
  for (const stop of ["held", "paused"] as const) {
    if (scene.checks.gate.isClosed(stop)) await set(scene, program, stop, false);
  }
}
