import { expect, test } from "bun:test";
import { byUrgency, diagnose, type Known, lastDeliveredHour } from "../../../web/admin/customers/diagnosis.ts";

const NOW = Date.UTC(2026, 0, 2, 12);
const HOUR_MS = 3_600_000;
const at = (hoursAgo: number) => new Date(NOW - hoursAgo * HOUR_MS).toISOString();

type Endpoint = Known["troubled"][number];
type Message = Known["latest"][number];
const endpoint = (id: string, state: Endpoint["state"]) => ({ id, state, url: `https://${id}.example/` }) as Endpoint;
const message = (id: string, delivered: number) =>
  ({ id, eventType: "a", timestamp: at(1), deliveries: { pending: 0, delivered, dead: 0, cancelled: 0 } }) as Message;
const hour = (hoursAgo: number, accepted: number, delivered: number) =>
  ({ startAt: at(hoursAgo), accepted, delivered, attempts: 0, failed: 0, dead: 0, p50Ms: null, p95Ms: null }) as const;

/** A customer with one healthy endpoint and one delivered message. */
function known(change: Partial<Known> = {}, numbers: Partial<Known["numbers"]> = {}): Known {
  return {
    numbers: {
      endpoints: { healthy: 1, failing: 0, disabled: 0, paused: 0 },
      ...{ pending: 0, dead: 0, deadReasons: [], messages: 1, lastMessageAt: at(1) },
      ...numbers,
    } as Known["numbers"],
    troubled: [],
    attempts: new Map(),
    hours: [hour(2, 0, 0), hour(1, 1, 1)],
    latest: [message("m1", 1)],
    recipients: [],
    ...change,
  };
}

const kinds = (of: Known, attention: Parameters<typeof diagnose>[1] = []) =>
  diagnose(of, attention, NOW).map(({ kind }) => kind);

test("nothing is wrong with a customer whose messages are delivered", () => {
  expect(diagnose(known(), [], NOW)).toEqual([]);
});

test("the diagnosis names the lack of endpoints once, although its messages went to no endpoint", () => {
  const endpoints = { healthy: 0, failing: 0, disabled: 0, paused: 0 };
  expect(kinds(known({ latest: [message("m1", 0)] }, { endpoints }))).toEqual(["no endpoint"]);
});

test("disabled endpoints come before failing and paused ones, and only five are named", () => {
  const troubled = [endpoint("p", "paused"), endpoint("f", "failing"), endpoint("d", "disabled")];
  expect(byUrgency(troubled).map(({ id }) => id)).toEqual(["d", "f", "p"]);
  const many = Array.from({ length: 8 }, (_, i) => endpoint(`d${i}`, "disabled"));
  const endpoints = { healthy: 0, failing: 0, disabled: 8, paused: 0 };
  const findings = diagnose(known({ troubled: many }, { endpoints }), [], NOW);
  expect(findings.filter(({ kind }) => kind === "endpoint")).toHaveLength(5);
  expect(findings.at(5)).toEqual({ kind: "more endpoints", count: 3 });
});

test("messages that went to no endpoint are counted with the reasons of the newest", () => {
  const newest = message("m2", 0);
  const missed = { reason: "event_type", certain: true } as const;
  const recipients = [{ missed }, { missed }, { missed: null }] as unknown as Known["recipients"];
  const findings = diagnose(known({ latest: [message("m3", 1), newest, message("m1", 0)], recipients }), [], NOW);
  const causes = [{ reason: "event_type", endpoints: 2 }];
  expect(findings).toEqual([{ kind: "missed", count: 2, of: 3, newest, causes } as (typeof findings)[number]]);
});

test("the three most frequent reasons of dead letters are named", () => {
  const deadReasons = (["timeout", "status_5xx", "dns", "tls"] as const).map((reason, i) => ({ reason, count: 9 - i }));
  expect(diagnose(known({}, { deadReasons }), [], NOW)).toEqual([
    { kind: "dead", reason: "timeout", count: 9 },
    { kind: "dead", reason: "status_5xx", count: 8 },
    { kind: "dead", reason: "dns", count: 7 },
  ]);
});

test("no message for a day, or none at all, is a finding", () => {
  expect(diagnose(known({}, { lastMessageAt: at(25) }), [], NOW)).toEqual([
    { kind: "nothing accepted", since: at(25) },
  ]);
  expect(kinds(known({}, { lastMessageAt: at(23) }))).toEqual([]);
  expect(diagnose(known({ latest: [] }, { lastMessageAt: null }), [], NOW)).toEqual([
    { kind: "nothing accepted", since: null },
  ]);
});

test("pending deliveries of a day without any delivery are a finding", () => {
  const hours = [hour(30, 9, 9), hour(2, 4, 0), hour(1, 3, 0)];
  expect(diagnose(known({ hours }, { pending: 7 }), [], NOW)).toEqual([{ kind: "nothing delivered", accepted: 7 }]);
  expect(lastDeliveredHour(hours)).toBe(at(30));
  expect(lastDeliveredHour([])).toBeNull();
});

test("a pause of the environment comes first, and what concerns other customers is left out", () => {
  const entry = (kind: string) => ({ kind, severity: "warning", since: at(1), detail: kind }) as never;
  const attention = [entry("endpoint_failing"), entry("environment_paused"), entry("disk_low")];
  expect(diagnose(known(), attention, NOW)).toEqual([{ kind: "stopped", entry: entry("environment_paused") }]);
});
