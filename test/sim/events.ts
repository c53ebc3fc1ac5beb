import { deleteApplication, reconfigure, retune, throttleApplication } from "./events/configuration.ts";
import { expunge, prune, purge, redrive, replay, resend } from "./events/history.ts";
import { send } from "./events/sending.ts";
import type { Program } from "./program.ts";
import type { Scene } from "./scene.ts";

/** Something that happens to the program. Resolves when those who asked for it have their answer. */
export type Event = (scene: Scene, program: Program) => Promise<void>;

/** How often each happens, compared with the others. */
const EVENTS: ReadonlyArray<readonly [weight: number, event: Event]> = [
  [720, sendSome],
  [140, changeMood],
  [45, reconfigure],
  [8, retune],
  [10, throttleApplication],
  [3, deleteApplication],
  [20, resend],
  [15, redrive],
  [20, replay],
  [12, expunge],
  [4, purge],
  [10, prune],
];

const SUM = EVENTS.reduce((sum, [weight]) => sum + weight, 0);

export function rollEvent({ dice }: Pick<Scene, "dice">): Event {
  let left = dice.below(SUM);
  for (const [weight, event] of EVENTS) {
    if (left < weight) return event;
    left -= weight;
  }
  throw new Error("The dice have rolled beyond the last event.");
}

async function sendSome(scene: Scene, program: Program): Promise<void> {
  const { dice } = scene;
  send(scene, program, dice.chance(0.2) ? dice.between(2, 40) : 1);
}

async function changeMood({ dice, network, hosts }: Scene): Promise<void> {
  network.changeMood(dice.pick(hosts));
}
