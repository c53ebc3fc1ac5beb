import type { Database } from "bun:sqlite";
import { DURATION_BOUNDS_MS, HOUR_MS, MINUTE_MS } from "../../src/core/series.ts";
import { APPLICATION, createEndpoints } from "./product.ts";
import type { Case } from "./stall-case.ts";

/** Lists of a large environment. Each case reads one list with several filters, one after another. */

const APPLICATIONS = 2000;
const ENDPOINTS = 10_000;
/** Endpoints of the largest application. */
const ENDPOINTS_OF_ONE = 3000;
const MESSAGES = 200_000;
/** One message in this many has a dead letter. */
const DEAD_EVERY = 20;
const HOURS = 2400;
const MINUTES = 4320;
const NOWHERE = "http://127.0.0.1:9";

interface Template {
  readonly environment: number;
  readonly application: number;
  readonly endpoint: number;
}

/** Adds applications, endpoints, messages, deliveries and counts beside those of `APPLICATION`. */
function fillEnvironment(db: Database): void {
  const template = db
    .query<Template, [string]>(
      `SELECT a.environment_seq AS environment, a.seq AS application, e.seq AS endpoint
       FROM endpoint e JOIN application a ON a.seq = e.application_seq WHERE a.uid = ?`,
    )
    .get(APPLICATION)!;
  const first = template.endpoint + 1000;
  const applications = Array.from({ length: APPLICATIONS }, (_, i) => first + i);
  const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => first + APPLICATIONS + i);
  const copy = copier(db, "application", ["seq", "uid", "name"], template.application);
  for (const [i, seq] of applications.entries()) copy(seq, `customer-${i}`, `Customer ${i}`);
  const copyEndpoint = copier(db, "endpoint", ["seq", "application_seq", "uid", "url"], template.endpoint);
  for (const [i, seq] of endpoints.entries()) {
    const application = i < ENDPOINTS_OF_ONE ? template.application : applications[i % APPLICATIONS]!;
    copyEndpoint(seq, application, `ep-of-list-${i}`, `https://host-${i}.example/some/path/of/hook`);
  }
  fillMessages(db, first + APPLICATIONS + ENDPOINTS, [template.application, ...applications], endpoints);
  fillSeries(db, template);
}

/** Returns a function that inserts a copy of a row with other values in some columns. */
function copier(db: Database, table: string, changed: readonly string[], seq: number) {
  const columns = db.query<{ name: string }, []>(`PRAGMA table_info(${table})`).all();
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => (changed.includes(name) ? `?${changed.indexOf(name) + 1}` : name));
  const insert = db.prepare(`INSERT INTO ${table} (${names}) SELECT ${values} FROM ${table} WHERE seq = ${seq}`);
  return (...given: (string | number)[]) => void insert.run(...given);
}

function fillMessages(db: Database, first: number, applications: readonly number[], endpoints: readonly number[]) {
  const message = db.prepare(
    "INSERT INTO message (seq, application_seq, event_type, event_id, payload, accepted_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const delivery = db.prepare(
    `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger,
       reason, ended_at) VALUES (?1, ?2, ?3, ?4, ?1, ?6, 1, 1, 0, 0, ?5, ?6)`,
  );
  const payload = Buffer.from(JSON.stringify({ text: "x".repeat(1000) }));
  const now = Date.now();
  for (let i = 0; i < MESSAGES; i++) {
    const seq = first + 2 * i;
    const application = i % 2 === 0 ? applications[0]! : applications[i % applications.length]!;
    message.run(seq, application, `type-${i % 10}`, `event-${i}`, payload, now);
    const reason = i % DEAD_EVERY === 0 ? "status_5xx" : null;
    delivery.run(seq + 1, seq, endpoints[i % endpoints.length]!, reason === null ? 1 : 2, reason, now);
  }
}

function fillSeries(db: Database, { environment, application, endpoint }: Template): void {
  const put = db.prepare(
    `INSERT OR REPLACE INTO series (scope_seq, step_ms, start_at, accepted, attempts, failed, delivered, dead, durations)
     VALUES (?, ?, ?, 1000, 1000, 10, 990, 1, ?)`,
  );
  const durations = JSON.stringify(Array(DURATION_BOUNDS_MS.length + 1).fill(1000));
  const fill = (scope: number, stepMs: number, count: number) => {
    const last = Math.floor(Date.now() / stepMs);
    for (let i = 0; i < count; i++) put.run(scope, stepMs, (last - i) * stepMs, durations);
  };
  for (const scope of [environment, application, endpoint]) fill(scope, HOUR_MS, HOURS);
  fill(environment, MINUTE_MS, MINUTES);
}

/** Reads each path three times. */
function reading(...paths: readonly string[]): Case {
  return {
    prepare: (server) =>
      createEndpoints(server, { receiverUrl: NOWHERE, endpoints: 1, spread: false, concurrency: 1, paused: true }),
    fill: fillEnvironment,
    async run(server) {
      const origin = new URL(server.messagesUrl).origin;
      for (const path of paths.flatMap((one) => [one, one, one])) {
        const response = await fetch(`${origin}/api/v1${path}`, { headers: server.headers });
        const text = await response.text();
        if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
      }
      return undefined;
    },
  };
}

const daysAgo = (days: number) => encodeURIComponent(new Date(Date.now() - days * 24 * HOUR_MS).toISOString());

export const listCases: Readonly<Record<string, Case>> = {
  "list-endpoints": reading(
    "/endpoint?limit=250",
    "/endpoint?state=failing",
    "/endpoint?url=nowhere",
    `/endpoint?app_id=${APPLICATION}&url=nowhere`,
  ),
  "list-messages": reading(
    "/message?limit=250",
    "/message?event_types=unknown",
    "/message?state=pending",
    "/message?state=dead&limit=250",
    `/message?app_id=${APPLICATION}&event_types=unknown`,
    "/message?event_id=event-77777",
  ),
  "list-messages-text": reading("/message?text=nowhere", `/message?app_id=${APPLICATION}&text=nowhere`),
  search: reading("/search?q=nowhere", "/search?q=customer", "/search?q=event-77777", "/search?q=host-77"),
  overview: reading("/overview"),
  "overview-applications": reading("/overview/app?limit=250", "/overview/app?search=nowhere"),
  "overview-application": reading(`/overview/app/${APPLICATION}`),
  timeseries: reading(
    "/stats/timeseries",
    `/stats/timeseries?step=5m&since=${daysAgo(2.9)}`,
    `/stats/timeseries?step=1h&since=${daysAgo(80)}`,
    `/stats/timeseries?step=1d&since=${daysAgo(99)}`,
    `/stats/timeseries?step=1h&since=${daysAgo(80)}&app_id=${APPLICATION}`,
  ),
};
