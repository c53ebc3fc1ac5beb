import type { Dice } from "./dice.ts";
import { deleteApplication, throttleApplication } from "./events/applications.ts";
import { connectConsumer, disconnectConsumer } from "./events/consumers.ts";
import * as endpoints from "./events/endpoints.ts";
import { hold, pauseEnvironmentOfWorld } from "./events/gate.ts";
import {
  cancelMessage,
  cancelMessages,
  cancelTask,
  dropDeadLetters,
  expunge,
  purge,
  redrive,
  replay,
  resend,
} from "./events/history.ts";
import { sendWithKey } from "./events/keys.ts";
import { readLink } from "./events/links.ts";
import { post } from "./events/posting.ts";
import { addQueue, changeQueue, deleteQueue, disturbQueue, publish } from "./events/queues.ts";
import { sendSome } from "./events/sending.ts";
import { addSource, changeSource, deleteSource, rotateUrl } from "./events/sources.ts";
import { endToken, makeToken, useToken } from "./events/tokens.ts";
import { changeVersions } from "./events/versions.ts";
import { EVENT_NAMES, type EventName, type Rates, SOURCE_EVENT_NAMES, type SourceEventName } from "./rates.ts";
import type { Event } from "./scene.ts";

export const EVENTS: Readonly<Record<EventName, Event>> = {
  send: sendSome,
  sendWithKey,
  changeMood: async ({ dice, network, hosts }) => network.changeMood(dice.pick(hosts)),
  addEndpoint: endpoints.add,
  deleteEndpoint: endpoints.remove,
  goAway: endpoints.goAway,
  rotateSecret: endpoints.rotateSecret,
  pause: endpoints.pause,
  disable: endpoints.disable,
  flap: endpoints.flap,
  reorder: endpoints.reorder,
  resubscribe: endpoints.resubscribe,
  retune: endpoints.retune,
  hold,
  pauseEnvironment: pauseEnvironmentOfWorld,
  throttleApplication,
  deleteApplication,
  resend,
  redrive,
  dropDeadLetters,
  replay,
  expunge,
  purge,
  cancelMessage,
  cancelMessages,
  cancelTask,
  makeToken,
  useToken,
  endToken,
  changeVersions,
  readLink,
  connectConsumer,
  disconnectConsumer,
};

export const SOURCE_EVENTS: Readonly<Record<SourceEventName, Event>> = {
  post,
  changeSource,
  rotateUrl,
  deleteSource,
  addSource,
  publish,
  disturbQueue,
  changeQueue,
  deleteQueue,
  addQueue,
};

/** Events that can be aimed at a delivery, an endpoint or an application. */
const AIMED: readonly EventName[] = [
  ...(["deleteEndpoint", "goAway", "rotateSecret", "pause", "disable", "flap", "reorder", "retune"] as const),
  ...([
    "throttleApplication",
    "resend",
    "redrive",
    "replay",
    "expunge",
    "purge",
    "cancelMessage",
    "cancelMessages",
  ] as const),
];

/** Events after which deliveries can still be made. */
const GENTLE: readonly EventName[] = ["rotateSecret", "reorder", "resend", "redrive", "replay"];

export function rollEvent(dice: Dice, rates: Rates): EventName {
  return rollAmong(EVENT_NAMES, dice, rates.events) ?? "send";
}

export function rollSourceEvent(dice: Dice, rates: Rates): SourceEventName {
  return rollAmong(SOURCE_EVENT_NAMES, dice, rates.sourceEvents) ?? "post";
}

/**
 * Chooses an event by the rates or with equal chances, so that rare events also occur at rare
 * moments. Returns null if no aimed event happens in this world.
 */
export function rollAimed(dice: Dice, rates: Rates): EventName | null {
  if (dice.chance(0.5)) return rollAmong(AIMED, dice, rates.events);
  return dice.pick(AIMED.filter((name) => rates.events[name] > 0)) ?? null;
}

export function rollGentle(dice: Dice): EventName {
  return dice.pick(GENTLE);
}

function rollAmong<Name extends string>(
  names: readonly Name[],
  dice: Dice,
  weights: Readonly<Record<Name, number>>,
): Name | null {
  let left = dice.next() * names.reduce((sum, name) => sum + weights[name], 0);
  for (const name of names) {
    if (left < weights[name]) return name;
    left -= weights[name];
  }
  return null;
}
