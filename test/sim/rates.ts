import type { Dice } from "./dice.ts";

/** The lowest and the highest rate that a seed can select, apart from zero. */
type Range = readonly [low: number, high: number];

/** Weights of the events: how often each happens compared with the others. */
const EVENTS = {
  send: [300, 1000],
  sendWithKey: [30, 300],
  changeMood: [30, 300],
  addEndpoint: [1, 10],
  deleteEndpoint: [0.5, 5],
  goAway: [1, 10],
  rotateSecret: [3, 40],
  pause: [2, 30],
  hold: [2, 15],
  pauseEnvironment: [2, 15],
  disable: [2, 30],
  flap: [1, 15],
  reorder: [2, 30],
  resubscribe: [2, 20],
  retune: [2, 20],
  throttleApplication: [2, 20],
  deleteApplication: [1, 10],
  resend: [5, 60],
  redrive: [3, 30],
  dropDeadLetters: [0.5, 5],
  replay: [4, 40],
  expunge: [3, 30],
  purge: [1, 8],
  cancelMessage: [1, 15],
  cancelMessages: [0.5, 5],
  cancelTask: [1, 10],
  makeToken: [10, 60],
  useToken: [20, 150],
  endToken: [5, 40],
  changeVersions: [10, 100],
  readLink: [30, 300],
  connectConsumer: [40, 200],
  disconnectConsumer: [10, 60],
} as const satisfies Readonly<Record<string, Range>>;
export type EventName = keyof typeof EVENTS;
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[];

/** Weights of the events of sources. They happen besides the other events. */
const SOURCE_EVENTS = {
  post: [300, 1000],
  changeSource: [5, 60],
  rotateUrl: [5, 60],
  deleteSource: [2, 40],
  addSource: [5, 60],
  publish: [500, 2000],
  disturbQueue: [20, 150],
  changeQueue: [20, 150],
  deleteQueue: [5, 30],
  addQueue: [5, 40],
} as const satisfies Readonly<Record<string, Range>>;
export type SourceEventName = keyof typeof SOURCE_EVENTS;
export const SOURCE_EVENT_NAMES = Object.keys(SOURCE_EVENTS) as SourceEventName[];

/** Chances of faults: per event for most, per call of the store for slow calls. */
const FAULTS = {
  crash: [0.004, 0.1],
  stop: [0.006, 0.08],
  fullDisk: [0.004, 0.06],
  clockStep: [0.004, 0.1],
  /** Chance per commit. */
  crashAfterCommit: [0.0003, 0.01],
  /** Chance per request to a source. */
  crashAtDoor: [0.001, 0.02],
  /** Chance per time that messages are received from a queue. */
  crashAtQueue: [0.003, 0.05],
  /** Chance per frame that the consumer disconnects soon. */
  consumerLoss: [0.01, 0.2],
  /** Chance per step of a connection to a broker that it is lost. */
  brokerLoss: [0.01, 0.15],
  /** Chance per step of a function. */
  crashAtFunction: [0.001, 0.03],
  slowRead: [0.02, 0.7],
  slowWrite: [0.01, 0.5],
  /** Chance per lookup. */
  lookup: [0.005, 0.1],
  /** Chance per lookup and per request. */
  shortage: [0.005, 0.2],
  longPause: [0.004, 0.06],
  /** Chance per fetch that the key of a provider is not available. */
  noKey: [0.02, 0.5],
} as const satisfies Readonly<Record<string, Range>>;
export type FaultName = keyof typeof FAULTS;

/** Chances that an event is aimed at work in flight when the work begins. */
const AIMS = {
  attempt: [0.05, 0.5],
  reading: [0.03, 0.7],
  settlement: [0.2, 1],
  parked: [0.01, 0.3],
} as const satisfies Readonly<Record<string, Range>>;
export type AimName = keyof typeof AIMS;

/**
 * Rates of everything that happens in a world. Some are zero, so that the other events coincide
 * more often.
 */
export interface Rates {
  readonly events: Readonly<Record<EventName, number>>;
  readonly sourceEvents: Readonly<Record<SourceEventName, number>>;
  /** Chance that an event of a source happens with an event. */
  readonly sources: number;
  readonly faults: Readonly<Record<FaultName, number>>;
  readonly aims: Readonly<Record<AimName, number>>;
}

export function rollRates(dice: Dice): Rates {
  const events = rolled(EVENTS, dice);
  // Without messages nothing could happen.
  const [low, high] = EVENTS.send;
  return {
    events: { ...events, send: dice.logUniform(low, high) },
    sourceEvents: { ...rolled(SOURCE_EVENTS, dice), post: SOURCE_EVENTS.post[1] },
    sources: dice.rate(0.2, 1),
    faults: rolled(FAULTS, dice),
    aims: rolled(AIMS, dice),
  };
}

function rolled<Name extends string>(
  ranges: Readonly<Record<Name, Range>>,
  dice: Dice,
): Readonly<Record<Name, number>> {
  const names = Object.keys(ranges) as Name[];
  return Object.fromEntries(names.map((name) => [name, dice.rate(ranges[name][0], ranges[name][1])])) as Record<
    Name,
    number
  >;
}

/** Returns one line of text for each kind of rate. */
export function describeRates({ events, sourceEvents, sources, faults, aims }: Rates): readonly string[] {
  const ofSources = `events of sources (${sources.toPrecision(2)}): ${listed(sourceEvents)}`;
  return [`events: ${listed(events)}`, ofSources, `faults: ${listed(faults)}`, `aims: ${listed(aims)}`];
}

function listed(rates: Readonly<Record<string, number>>): string {
  return Object.entries(rates)
    .map(([name, rate]) => `${name} ${rate === 0 ? 0 : Number(rate.toPrecision(2))}`)
    .join(", ");
}
