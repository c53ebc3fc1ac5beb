import { makeApplication } from "../support/client.ts";
import { type InstanceGroup, startInstances } from "../support/instances.ts";
import { startReceiver } from "../support/receiver.ts";
import { Conversation } from "./conversation.ts";
import { TakeoverWatch } from "./takeover.ts";

export const LEASE_MS = 3000;
/** Longest time until a lane goes on after a fault, in ms. It only ends a run that has gone wrong. */
const RECOVERY_MS = 60_000;

/** What is done to an instance, or to the database. */
export const FAULTS = ["kill", "long pause", "database crash", "short pause", "stop"] as const;
export type Fault = (typeof FAULTS)[number];

/** Times in ms until every lane went on after a fault of one kind. */
export interface RecoveryTimes {
  readonly median: number;
  readonly p90: number;
  readonly longest: number;
}

export interface FailoverOutcome {
  readonly cycles: number;
  /** Messages that an instance has accepted. */
  readonly accepted: number;
  /** Accepted messages that have not arrived. */
  readonly lost: number;
  /** Messages of ordered lanes that arrived after a later one. */
  readonly disordered: number;
  /** Arrivals of messages that had arrived before. */
  readonly duplicates: number;
  /** Rows in the database at the end. */
  readonly rows: { readonly messages: number; readonly delivered: number; readonly pending: number };
  readonly recoveryMs: Readonly<Partial<Record<Fault, RecoveryTimes>>>;
  /** Requests that were not accepted, by what happened. */
  readonly refusals: Readonly<Record<string, number>>;
}

export interface FailoverOptions {
  readonly cycles: number;
  /** By how many seconds the clock of each instance is wrong. The default is two instances with right clocks. */
  readonly clockErrors?: readonly number[];
  /** Whether the instances connect through PgBouncer. */
  readonly isPooled?: boolean;
  readonly say?: (line: string) => void;
}

/** Returns by how many seconds the clocks of instances are wrong: 0, -1, 2, -3 … times `seconds`. */
export function clockErrors(instances: number, seconds: number): readonly number[] {
  return Array.from({ length: instances }, (_, index) => (index % 2 === 0 ? index : -index) * seconds);
}

/** Runs instances with lanes under load, and does something to one of them `cycles` times. */
export async function failover(options: FailoverOptions): Promise<FailoverOutcome> {
  const { cycles, clockErrors = [0, 0], isPooled = false, say = () => {} } = options;
  const count = clockErrors.length;
  await using receiver = startReceiver();
  await using group = await startInstances({
    ...{ count, clockErrors, isPooled },
    args: [`--lease=${LEASE_MS}ms`, "--retry-schedule=1s,1s,1s,1s,1s,2s,5s"],
  });
  const talks = await converse(group, receiver.url);
  receiver.answering = (request) => {
    talks.find(({ name }) => request.path === `/${name}`)!.hear(request);
    return new Response(null, { status: 204 });
  };
  for (const talk of talks) talk.start();
  await Promise.all(talks.map((talk) => talk.until("a first message", RECOVERY_MS, () => talk.arrived.size > 0)));
  const times: Partial<Record<Fault, number[]>> = {};
  for (let cycle = 0; cycle < cycles; cycle++) {
    const fault = FAULTS[cycle % FAULTS.length]!;
    const { tookMs, trace } = await suffer(fault, group, Math.floor(cycle / FAULTS.length) % count, talks);
    times[fault] = [...(times[fault] ?? []), tookMs];
    const accepted = talks.reduce((sum, talk) => sum + talk.accepted, 0);
    say(`cycle ${cycle + 1}: ${fault}, all lanes went on after ${tookMs} ms${trace}; ${accepted} messages so far`);
  }
  for (const talk of talks) await talk.stop();
  for (const talk of talks) await talk.until("the rest", RECOVERY_MS, () => talk.missing === 0).catch(() => {});
  const recoveryMs = Object.fromEntries(Object.entries(times).map(([fault, all]) => [fault, timesOf(all)]));
  return { cycles, recoveryMs, ...summary(talks), rows: await rowsOf(group) };
}

function timesOf(all: readonly number[]): RecoveryTimes {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { median: at(0.5), p90: at(0.9), longest: at(1) };
}

/** Creates lanes with and without an order, in different partitions. */
async function converse({ instances }: InstanceGroup, receiverUrl: string): Promise<Conversation[]> {
  const { send } = instances[0]!;
  const app = await makeApplication(send);
  const anyUrl = () => instances[Math.floor(Math.random() * instances.length)]!.url;
  const talks: Conversation[] = [];
  for (let i = 0; i < 8; i++) {
    const talk = new Conversation(`lane-${i}`, i % 2 === 0, app, anyUrl);
    const ordering = talk.isOrdered ? "fifo" : "parallel";
    const endpoint = { url: `${receiverUrl}/${talk.name}`, channels: [talk.name], ordering };
    const { status, text } = await send("POST", `/app/${app}/endpoint`, endpoint);
    if (status !== 201) throw new Error(`The endpoint was not created: ${status} ${text}`);
    talks.push(talk);
  }
  return talks;
}

/** Waits until every lane got a message that was accepted after the fault began. */
async function suffer(fault: Fault, group: InstanceGroup, index: number, talks: readonly Conversation[]) {
  const instance = group.instances[index]!;
  const { process } = instance;
  // Only these end without the database and do not come back by themselves.
  const isEnd = fault === "kill" || fault === "stop";
  const watch = isEnd ? new TakeoverWatch(group.sql) : null;
  const startedAt = performance.now();
  const since = () => Math.round(performance.now() - startedAt);
  const marks = talks.map(({ accepted }) => accepted + 1);
  const lanes: string[] = [];
  const begun = begin(fault, group, index);
  try {
    await Promise.all(
      talks.map(async (talk, i) => {
        await talk.until(`a message after: ${fault}`, RECOVERY_MS, () => talk.arrived.has(marks[i]!));
        const acceptedMs = Math.round((talk.acceptedAt[marks[i]!] ?? performance.now()) - startedAt);
        lanes.push(`${acceptedMs}→${since()}`);
      }),
    );
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${await stateOf(group)}`);
  }
  const tookMs = since();
  await begun;
  const takeover = await watch?.end();
  if (isEnd) {
    await process.exited;
    await instance.start();
  }
  const stages = takeover && `evicted ${takeover.evictedMs}, taken over ${takeover.servedMs}, `;
  return { tookMs, trace: ` (${stages ?? ""}accepted→arrived ${lanes.join(" ")})` };
}

async function begin(fault: Fault, { server, instances }: InstanceGroup, index: number): Promise<void> {
  const { process } = instances[index]!;
  if (fault === "kill") process.kill("SIGKILL");
  else if (fault === "stop") process.kill("SIGTERM");
  else if (fault === "database crash") {
    await server.kill();
    await server.start();
  } else {
    process.kill("SIGSTOP");
    await Bun.sleep(fault === "long pause" ? 1.5 * LEASE_MS : LEASE_MS / 4);
    process.kill("SIGCONT");
  }
}

function summary(talks: readonly Conversation[]) {
  const sum = (value: (talk: Conversation) => number) => talks.reduce((total, talk) => total + value(talk), 0);
  const refusals: Record<string, number> = {};
  for (const talk of talks) {
    for (const [what, count] of talk.refusals) refusals[what] = (refusals[what] ?? 0) + count;
  }
  return {
    accepted: sum(({ accepted }) => accepted),
    lost: sum(({ missing }) => missing),
    disordered: sum(({ isOrdered, disordered }) => (isOrdered ? disordered : 0)),
    duplicates: sum(({ duplicates }) => duplicates),
    refusals,
  };
}

/** Counts the rows, after the last deliveries have been settled. */
async function rowsOf({ sql }: InstanceGroup): Promise<FailoverOutcome["rows"]> {
  const deadline = performance.now() + RECOVERY_MS;
  for (;;) {
    const [row] = await sql`SELECT (SELECT count(*)::int FROM message) AS messages,
      (SELECT count(*)::int FROM ended WHERE state = 1) AS delivered, (SELECT count(*)::int FROM pending) AS pending`;
    if (row.pending === 0 || performance.now() > deadline) return row;
    await Bun.sleep(100);
  }
}

/** Describes the instances, for the message of a run that has gone wrong. */
async function stateOf({ sql, instances }: InstanceGroup): Promise<string> {
  const rows = await sql`SELECT i.*, clock_timestamp() AS now, count(p.*)::int AS partitions
    FROM instance i LEFT JOIN lane_partition p ON p.slot = i.slot AND p.fence = i.fence
    WHERE i.held OR i.fence > 0 GROUP BY i.slot ORDER BY i.slot`;
  const waiting = await sql`SELECT endpoint_seq, min(position), count(*)::int FROM pending GROUP BY 1 ORDER BY 1`;
  const logs = instances.map(({ process: { log, pid } }) => [pid, ...log.slice(-5).map(({ msg }) => msg)]);
  return [...rows, ...waiting, ...logs].map((part) => JSON.stringify(part)).join("\n");
}
