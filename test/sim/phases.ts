import { steadyConsumers } from "./events/consumers.ts";
import { reopenAll } from "./events/endpoints.ts";
import { openGate } from "./events/gate.ts";
import { redrive } from "./events/history.ts";
import { readAllLinks } from "./events/links.ts";
import { openQueues } from "./events/queues.ts";
import { deleteCronSources, finalCounts } from "./events/sources.ts";
import { mendDowngrades } from "./events/versions.ts";
import { EVENTS, rollEvent, rollSourceEvent, SOURCE_EVENTS } from "./events.ts";
import { furnish } from "./furnish.ts";
import { hangingPhase } from "./hanging-phase.ts";
import { HOUR_MS, MINUTE_MS } from "./scene.ts";
import type { World } from "./world.ts";

/** Time without faults in which everything that is due is attempted. */
const CATCH_UP_MS = 15 * MINUTE_MS;
/** Time after the last fault in which events are aimed at work in flight. */
const GENTLE_MS = MINUTE_MS;

/** Runs a world from its beginning to its end. */
export async function runPhases(world: World): Promise<void> {
  const { checks, network } = world;
  await world.calls.do(furnish);
  await world.lives.start();
  await faultyPhase(world);
  await look(world);
  await endFaults(world);
  await hangingPhase(world);
  await calmPhase(world);
  await redriveEverything(world);
  await world.calls.do(readAllLinks);
  await world.groups.drain();
  await look(world);
  checks.ending.everyMessage(world.sent, network, world.program.kernel.ids);
  checks.ending.nothingSurvivedPurge();
  checks.attempts.nothingWasEarly(world.sent);
  checks.filters.everyMessage(world.sent);
  checks.keys.eachWorkedOnce();
  checks.functions.eachSentOnce();
  await world.calls.do(finalCounts);
  checks.sources.everyRequest();
}

async function faultyPhase(world: World): Promise<void> {
  const { dice, faults } = world;
  faults.areOn = true;
  world.aims.mode = "all";
  world.groups.begin();
  const events = dice.between(40, 120);
  for (let i = 0; i < events && !world.isFull; i++) {
    await world.steps.passTime(rollPause(world));
    if (faults.chance("crash")) await world.lives.crash();
    if (faults.chance("stop")) await world.lives.stop();
    if (faults.chance("fullDisk")) faults.fillDisk();
    if (faults.chance("clockStep")) faults.setClock();
    void world.calls.launch(EVENTS[rollEvent(dice, world.rates)]);
    if (dice.chance(world.rates.sources)) void world.calls.launch(SOURCE_EVENTS[rollSourceEvent(dice, world.rates)]);
    await world.steps.passTime(0);
    countPending(world);
    if (i === Math.floor(events / 2)) await look(world);
  }
}

function rollPause({ dice, faults }: World): number {
  if (faults.chance("longPause")) return dice.below(dice.pick([5 * MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 8 * HOUR_MS]));
  const roll = dice.next();
  if (roll < 0.5) return dice.below(5);
  return roll < 0.85 ? dice.below(2000) : dice.below(60_000);
}

function countPending({ program, checks, environment }: World): void {
  if (program.tally !== null) checks.counts.tally(program.tally.of(environment));
}

/** Checks everything that must hold at any time. */
async function look(world: World): Promise<void> {
  const { checks } = world;
  countPending(world);
  checks.counts.health();
  checks.counts.nothingForgotten();
  checks.quotas.countsAreRight(world.rates.faults.clockStep > 0);
  await world.clock.whileStanding(() => checks.lists.look(world, world.program.directStore));
}

/** Ends all faults except those of the network. Downgrades no longer throw. */
async function endFaults(world: World): Promise<void> {
  world.faults.end();
  world.aims.mode = "none";
  await world.calls.untilReturned();
  await world.calls.do(openGate);
  await world.calls.do(mendDowngrades);
  await world.calls.do(readAllLinks);
}

async function calmPhase(world: World): Promise<void> {
  const { checks, faults, network, dice, rates } = world;
  network.calm();
  if (rates.faults.clockStep > 0 && dice.chance(0.5)) faults.setClock();
  await world.calls.do(reopenAll);
  await world.calls.do(openQueues);
  await world.calls.do(steadyConsumers);
  world.aims.mode = "gentle";
  await world.steps.passTime(GENTLE_MS);
  world.aims.mode = "last";
  for (const endpointSeq of world.endpoints) void world.calls.launch(EVENTS.resend, { endpointSeq, messageSeq: null });
  await world.steps.passTime(CATCH_UP_MS);
  world.aims.mode = "none";
  checks.rest.nothingIsLate(CATCH_UP_MS, world.program.kernel.seqs.last);
  await world.calls.do(deleteCronSources);
  await atRest(world, "after the calm phase");
}

/** Redrives all dead letters. They must arrive at every endpoint that still exists. */
async function redriveEverything(world: World): Promise<void> {
  await world.calls.do(reopenAll);
  await world.calls.do(steadyConsumers);
  await world.calls.do((scene, program) => redrive(scene, program, null));
  await atRest(world, "after the last redrive");
}

async function atRest(world: World, when: string): Promise<void> {
  const { checks } = world;
  await world.untilRest();
  if (world.steps.isExhausted) checks.violation("the world does not come to rest");
  checks.rest.nothingIsPending(when);
  checks.operational.nothingIsMissing(when);
  for (const url of world.unreadQueues) checks.violation(`there are still messages in the queue ${url} ${when}`);
  checks.backlog.hasRecovered(when);
  checks.consumers.nobodyIsLeft();
}
