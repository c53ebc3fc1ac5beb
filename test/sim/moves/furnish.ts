import { createEndpoint } from "../../../src/commands/endpoints.ts";
import { leaseMessages } from "../../../src/commands/poller-groups.ts";
import { seekConsumer } from "../../../src/commands/pollers.ts";
import { FUNCTION_URL } from "../../../src/core/endpoint-url/function.ts";
import { plainApplication } from "../../../src/core/resources/application.ts";
import { generateSecret } from "../../../src/core/signature.ts";
import type { Dice } from "../dice.ts";
import { RECEIVERS } from "./endpoints.ts";
import { FUNCTION_CODE } from "./functions.ts";
import type { Site } from "./site.ts";

/** The application that moves. */
export const UID = "acme";
/** An application of the second site. Its messages have the numbers of those of the application that moves. */
export const NEIGHBOUR = "neighbour";

/** Creates the application that moves, with a consumer, a group and a function. Returns the ids of its other endpoints. */
export async function furnish(site: Site, dice: Dice): Promise<string[]> {
  const { kernel } = site;
  const applicationSeq = await makeApplication(site, UID);
  const made: string[] = [];
  for (const { host, isFifo } of RECEIVERS) {
    const settings = { url: `https://${host}/`, ordering: isFifo ? ("fifo" as const) : ("parallel" as const) };
    const secret = generateSecret(dice.bytes(24));
    made.push(kernel.ids.encode("ep_", (await createEndpoint(kernel, { applicationSeq, settings, secret })).seq));
  }
  const settings = { url: FUNCTION_URL, function: { code: FUNCTION_CODE, secrets: {} } };
  await createEndpoint(kernel, { applicationSeq, settings, secret: generateSecret(dice.bytes(24)) });
  // What consumers do is stored from their first iterator on.
  await seekConsumer(kernel, { applicationSeq, sink: "sink", consumer: "consumer" }, 0);
  await leaseMessages(kernel, { applicationSeq, sink: "sink", group: "workers" }, { limit: 1, leaseMs: 1, after: 0 });
  return made;
}

/** Creates an application whose endpoint is paused. */
export async function furnishNeighbour(site: Site, dice: Dice): Promise<void> {
  const applicationSeq = await makeApplication(site, NEIGHBOUR);
  const settings = { url: "https://neighbour.example/", paused: true };
  await createEndpoint(site.kernel, { applicationSeq, settings, secret: generateSecret(dice.bytes(24)) });
}

async function makeApplication({ kernel, environmentSeq }: Site, uid: string): Promise<number> {
  const { store, seqs, clock } = kernel;
  const given = { seq: seqs.next(), environmentSeq, name: uid, now: clock.now() };
  await store.configuration.applications.create({ ...plainApplication(given), uid });
  return given.seq;
}
