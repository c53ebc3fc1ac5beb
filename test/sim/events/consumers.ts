import { checkConsumer } from "../../../src/commands/socket-consumers.ts";
import { WEBSOCKET_URL } from "../../../src/core/endpoint-url/websocket.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { Program } from "../program.ts";
import type { Event, Scene } from "../scene.ts";
import { SimConsumer, TEMPERS, type Temper } from "../sockets/sim-consumer.ts";
import { unless } from "./problems.ts";

/** Returns the endpoints that can have consumers, perhaps deleted or disabled. */
function endpointsOf({ db }: Scene): readonly Seq[] {
  return db
    .query<{ seq: Seq }, [string]>("SELECT seq FROM endpoint WHERE url = ? ORDER BY seq")
    .all(WEBSOCKET_URL)
    .map(({ seq }) => seq);
}

/** Connects a consumer to an endpoint, often a further one. */
export const connectConsumer: Event = async (scene, program) => {
  const endpointSeq = scene.dice.pick(endpointsOf(scene));
  if (endpointSeq !== undefined) await connect(scene, program, endpointSeq, scene.dice.pick(TEMPERS));
};

async function connect(scene: Scene, program: Program, endpointSeq: Seq, temper: Temper): Promise<void> {
  const { dice, clock, marks } = scene;
  const endpoint = await program.store.configuration.endpoints.get(endpointSeq);
  if (endpoint === null || endpoint.deleted) return;
  try {
    checkConsumer(program.kernel, endpoint);
  } catch (error) {
    unless(error, "conflict");
    marks.hit("socket: connection refused");
    return;
  }
  // The request becomes a WebSocket after its check.
  await new Promise<void>((resolve) => clock.at(dice.below(5), resolve));
  if (program.isAlive) new SimConsumer(scene, program, endpointSeq, temper, dice.pick([1, 2, 16]));
}

/** Ends the connection of a consumer at the client. */
export const disconnectConsumer: Event = async ({ dice, checks }) => {
  dice.pick(checks.consumers.present)?.disconnect();
};

/** Replaces the consumers of all endpoints with steady ones. */
export const steadyConsumers: Event = async (scene, program) => {
  for (const consumer of scene.checks.consumers.present) consumer.disconnect();
  for (const endpointSeq of endpointsOf(scene)) {
    await connect(scene, program, endpointSeq, "steady");
    if (scene.dice.chance(0.5)) await connect(scene, program, endpointSeq, "steady");
  }
};
