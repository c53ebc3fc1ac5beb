import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { PageRequest, Store, Task } from "../../../src/store/index.ts";
import { openStore } from "../../../src/store/sqlite/index.ts";
import { createView } from "../../../src/store/sqlite/indexes/application-messages.ts";
import { temporaryDirectory } from "../../support/temporary.ts";
import { EVERYTHING, Furnished, LANE_START } from "../furnished.ts";
import { openedOnce } from "../store-under-test.ts";
import { addTask } from "../suites/housekeeping/tasks.ts";
import { optionsFor } from "./open.ts";

/** Intended scans of a whole table or index: a part of the query's text, and the reason. */
const INTENDED: ReadonlyArray<readonly [sql: string, why: string]> = [
  ["SELECT MAX(seq) AS last FROM", "lastSeq: the ends of the primary keys, once at the start"],
  ["AS environmentSeq, COUNT(*) AS count", "totals: counts pending deliveries and dead letters, once at the start"],
  ["FROM (SELECT seq, application_seq FROM message", "latest: at most 500 messages in one step"],
  ["FROM endpoint INDEXED BY endpoint_challenge", "challenges: at most a few dozen with the earliest next try"],
  ["FROM environment ORDER BY name", "list of environments, of which there are few"],
  ["FROM application WHERE operational = 1", "hidden applications: one per environment, once at the start"],
  [
    "SELECT seq FROM moved_id WHERE id <> ?",
    "newest kept id: at most two rows from the end of an index, once at the start",
  ],
  ["key_environment AS id FROM arrival WHERE", "arrivals: one per application that has moved here, once at the start"],
  ["FROM token ORDER BY seq", "token list: all tokens"],
  ["ON d.endpoint_seq = e.seq AND d.state = 2 LIMIT", "application counts: at most 500 endpoints in one step"],
  ["FROM (SELECT DISTINCT message_seq", "messages with dead letters: at most 1,000 in one step"],
  ["FROM (SELECT * FROM endpoint e INDEXED BY endpoint_listed", "attention: at most 500 endpoints in one step"],
  ["FROM (SELECT * FROM delivery\n      WHERE state = 2", "dead letters: at most 1,000 in one step"],
  [
    "FROM (SELECT message_seq, endpoint_seq, reason, ended_at FROM delivery",
    "groups of dead letters: at most 2,000 in one step",
  ],
  ["FROM application WHERE operational = 1", "hidden applications: at most one per environment"],
  ["FROM environment WHERE 1", "list of environments, of which there are few"],
  ["FROM endpoint WHERE disabled = 1 AND", "endpoints by state: all entries of the four indexes are needed"],
  ["WHERE e.failing_since IS NOT NULL AND", "failing endpoints: all entries of the index are needed"],
  ["SET failing_since = MAX(0, failing_since + ?)", "failing endpoints, only when the clock has been set"],
  ["FROM sqlite_schema WHERE type = 'table'", "constraints: the definitions of all tables, once at the start"],
  ["instr(url, '@') > 0", "sealing of earlier data: all endpoints and attempts, once for each data directory"],
  ["given ON own.value = given.value", "the flags of one event type and of a token, which are few"],
  ["WHERE s.deleted_at IS NOT NULL LIMIT ?1", "pruning: deleted sources whose log has not been pruned yet"],
  ["FROM source s WHERE deleted_at IS NOT NULL", "pruning: deleted sources whose log has not been pruned yet"],
  ["WHERE provider = 'cron'", "sources of type cron: all entries of the index are needed"],
  ["FROM key_log ORDER BY seq", "keys of messages: the log of the newest keys, once at the start"],
  ["FROM event_id_log ORDER BY seq", "event ids: the log of the newest ids, once at the start"],
  ["FROM message ORDER BY seq LIMIT 1", "event ids: reads the oldest message"],
  ["WHERE name = 'message_event_id'", "event ids: whether there is an old index, once at the start"],
  [
    'sent_at AS "sentAt", open AS "isOpen" FROM notice',
    "notices: the sent ones that are not pruned yet, once at the start",
  ],
  ["DELETE FROM notice WHERE open = 0", "pruning of notices, of which there are few for each endpoint in trouble"],
  ["FROM (SELECT message_seq, times FROM poller_lease", "groups of pollers: at most 250 leases in one step"],
  ["FROM quota_usage LIMIT 1", "quotas: reads at most one row"],
  ["SELECT 1 FROM function_send LIMIT 1", "what functions have sent: reads at most one row"],
  ["AS bytes, TOTAL(", "quotas: at most 1,000 messages in one step"],
  ["FROM arrival WHERE arrived_at IS NULL", "applications that are arriving, once at the start"],
  ["AS last FROM recent_message", "messages in memory, once at the start"],
];

/** Intended sorts: a part of the query's text. */
const SORTS_INTENDED: readonly string[] = [
  "FROM (SELECT d.success_seq AS seq", // at most 16 rows
  "GROUP BY d.endpoint_seq, m.event_type, d.reason", // at most the 1,000 dead letters of one step
  "FROM (SELECT DISTINCT message_seq", // at most the 1,000 messages of one step
  "FROM json_each($seqs) WHERE value", // at most 1,000 messages with the same event id
  "FROM endpoint_secret", // at most a dozen rows
  "FROM source_token", // a few rows
  "AS environmentSeq, COUNT(*) AS count", // a few rows of totals
  "FROM event_type", // sorted only if the index has another order
];

const PAGES: readonly PageRequest[] = [
  { limit: 10, from: null, backwards: false, order: "descending" },
  { limit: 10, from: 5, backwards: false, order: "descending" },
  { limit: 10, from: 5, backwards: true, order: "descending" },
  { limit: 10, from: 5, backwards: false, order: "ascending" },
];

const STATUSES = ["delivered", "waiting", "retrying", "failed", "cancelled"] as const;

/** Returns the SQL text of every query that a store runs for the sample. */
async function collect(dataDir: string): Promise<Set<string>> {
  const texts = new Set<string>();
  const { query, prepare } = Database.prototype;
  const spy = <T extends (...args: never[]) => unknown>(original: T): T =>
    function (this: Database, ...args: never[]) {
      texts.add(String(args[0]));
      return original.apply(this, args);
    } as T;
  Database.prototype.query = spy(query);
  Database.prototype.prepare = spy(prepare);
  try {
    await using world = await Furnished.open(async () => {
      const store = await openStore(optionsFor(dataDir));
      return openedOnce(store);
    });
    await sample(world);
  } finally {
    Object.assign(Database.prototype, { query, prepare });
  }
  return texts;
}

/**
 * Makes each call whose SQL is built at run time. All other statements are prepared when the store
 * opens.
 */
async function sample(world: Furnished): Promise<void> {
  const { store } = world;
  const [app, endpoint, environmentSeq] = [world.application.seq, world.endpoint.seq, world.environment.seq];
  const message = await world.sendDead();
  const task = await addTask(world);
  await store.queue.due(endpoint, LANE_START, EVERYTHING, 10);
  await store.history.totals();
  await sampleReplays(store, app, endpoint);
  const window = { before: world.now + 1, after: world.now - 1 };
  const ofMessage = { eventTypes: ["a", "b"], channel: "eu", tag: "vip" };
  for (const page of PAGES) {
    await store.configuration.applications.list(environmentSeq, page);
    const exclude = { withoutEndpoints: true, allDisabled: true, allAt: "https://hook.example/" };
    await store.configuration.applications.list(environmentSeq, page, exclude);
    await store.configuration.applications.list(environmentSeq, page, exclude, { text: "Application", seq: null });
    await store.configuration.endpoints.list(app, page);
    await store.configuration.sources.list(environmentSeq, page);
    await store.history.sourceLog.list(17, page);
    for (const includeArchived of [true, false]) {
      const from = page.from === null ? null : "m";
      await store.configuration.eventTypes.list(environmentSeq, { ...page, from, includeArchived });
      const order = "descending";
      await store.configuration.eventTypes.list(environmentSeq, { ...page, order, from, includeArchived });
    }
    for (const filter of [{}, window, ofMessage, { ...window, ...ofMessage }]) {
      await store.history.messages.list(app, filter, page, true);
      for (const status of [undefined, ...STATUSES]) {
        const own = status === undefined ? {} : { status };
        await store.history.messages.ofEndpoint(app, endpoint, { ...filter, ...own }, page);
      }
      for (const own of [{}, { outcome: "failed", responseClass: "5xx", endpointSeq: endpoint }] as const) {
        await store.history.attempts.ofEndpoint(endpoint, { ...filter, ...own }, page, true);
        await store.history.attempts.ofMessage(message.seq, { ...filter, ...own }, page, true);
      }
    }
    for (const filter of [
      {},
      { status: "running" },
      { kind: "a" },
      { status: "failed", kind: "a", since: 1 },
    ] as const) {
      await store.housekeeping.tasks.list(environmentSeq, filter, page);
    }
    await store.configuration.environments.page(page);
    for (const filter of [{}, { status: "running", kind: "a", since: 5 }] as const) {
      await store.housekeeping.tasks.list(environmentSeq, filter, page);
    }
    for (const state of [null, "active", "expired", "revoked"] as const) {
      for (const applicationSeq of [null, app]) {
        await store.configuration.tokens.page({ environmentSeq, applicationSeq, state, at: 5, text: "a" }, page);
      }
    }
    await store.configuration.audit.list(environmentSeq, window, page, { actor: "a" });
    const targets = { applicationSeqs: [app], endpointSeqs: [endpoint], sourceSeqs: [1], tokenSeqs: [1] };
    await store.configuration.audit.targets(environmentSeq, targets);
    for (const which of ["failed", "missing", "sent"] as const) {
      const order = {
        applicationSeq: app,
        endpointSeq: endpoint,
        which,
        from: 0,
        to: EVERYTHING,
        askedAt: world.now,
        now: world.now,
      };
      await store.history.replayable(order, 10);
      await store.history.replayable({ ...order, ...ofMessage }, 10);
    }
    await sampleSurvey(store, environmentSeq, app, page);
    await sampleDeadLetters(store, task, page, { environmentSeq, applicationSeq: app, endpointSeq: endpoint });
  }
}

async function sampleReplays({ history }: Store, applicationSeq: number, endpointSeq: number): Promise<void> {
  const order = { applicationSeq, endpointSeq, from: 0, to: EVERYTHING, askedAt: 1, now: 1 };
  const ofMessage = { eventTypes: ["a"], channel: "eu", tag: "vip" };
  for (const which of ["failed", "missing", "sent"] as const) {
    for (const filter of [{}, ofMessage, { responseClass: "none" }, { responseClass: "5xx" }] as const) {
      await history.replayable({ ...order, which, ...filter }, 10);
    }
  }
  for (const status of STATUSES) await history.replayable({ ...order, which: "sent", status }, 10);
}

async function sampleSurvey(
  { survey }: Store,
  environmentSeq: number,
  applicationSeq: number,
  page: PageRequest,
): Promise<void> {
  await survey.applicationCounts(environmentSeq, [applicationSeq]);
  await survey.applicationDetail(environmentSeq, applicationSeq);
  await survey.attention(environmentSeq, 10);
  for (const own of [{}, { applicationSeq }]) {
    await survey.endpoints(environmentSeq, own, page);
    for (const filter of [{}, { eventId: "a" }, { state: "dead" }, { state: "pending", eventTypes: ["a"] }] as const) {
      await survey.messages(environmentSeq, { ...own, ...filter }, page);
    }
    await survey.endpoints(environmentSeq, { ...own, states: ["failing"], url: "hook" }, page);
  }
}

async function sampleDeadLetters(
  { history: { deadLetters }, queue }: Store,
  task: Task,
  page: PageRequest,
  { environmentSeq, ...where }: { environmentSeq: number; applicationSeq: number; endpointSeq: number },
): Promise<void> {
  const filters = [
    {},
    { applicationSeq: where.applicationSeq },
    { endpointSeq: where.endpointSeq },
    { eventTypes: ["a"], reason: "timeout", before: 5, after: 1 },
    { deliverySeqs: [1, 2] },
  ] as const;
  for (const filter of filters) {
    await deadLetters.list({ environmentSeq, ...filter }, page);
    await deadLetters.groups({ environmentSeq, ...filter });
    await deadLetters.redrivable({ environmentSeq, ...filter });
    await queue.redrive({ environmentSeq, ...filter }, { after: 0, limit: 1 }, { first: 1, now: 1 }, () => task);
    await queue.drop({ environmentSeq, ...filter }, 1);
    await queue.dropStep({ environmentSeq, ...filter }, { after: 0, limit: 1 }, 1, () => task);
  }
}

interface Plan {
  readonly sql: string;
  readonly steps: readonly string[];
}

function explain(path: string, texts: ReadonlySet<string>): Plan[] {
  // Not strict, because no parameters are bound; the plan does not depend on them.
  using db = new Database(path, { readonly: true });
  createView(db, true);
  return (
    [...texts]
      .filter((sql) => /^\s*(SELECT|UPDATE|DELETE)/.test(sql))
      // This reads an index that is then dropped.
      .filter((sql) => !sql.includes("INDEXED BY message_event_id"))
      .map((sql) => ({
        sql,
        steps: db
          .query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
          .all()
          .map(({ detail }) => detail),
      }))
  );
}

const isIntended = (sql: string, list: readonly string[]) => list.some((part) => sql.includes(part));

describe("query plans", async () => {
  using home = temporaryDirectory();
  const plans = explain(home.file("boathook.db"), await collect(home.path));

  test("the plans of all queries are checked", () => {
    expect(plans.length).toBeGreaterThan(100);
  });

  test("queries scan no whole table or index except where intended", () => {
    // `listed` is a subquery that finds the messages of an application. Its own plan is a step too.
    const scans = plans.flatMap(({ sql, steps }) =>
      steps
        .filter((step) => /^SCAN (?!CONSTANT ROW|json_each|j VIRTUAL TABLE|\(subquery|listed$)/.test(step))
        .map((step) => ({ sql, step })),
    );
    const intended = INTENDED.map(([part]) => part);
    expect(scans.filter(({ sql }) => !isIntended(sql, intended))).toEqual([]);
  });

  test("the deliveries of a message are found by their numbers, and the others in an index", () => {
    const queries = plans.filter(({ sql }) => /delivery.* OR .*seq NOT BETWEEN/.test(sql.replace(/\s+/g, " ")));
    expect(queries.length).toBeGreaterThan(15);
    const near =
      /^SEARCH (d|delivery) USING (INTEGER PRIMARY KEY|INDEX delivery_dead) \((rowid|seq)>\? AND \3<\?\)( LEFT-JOIN)?$/;
    // Each of these indexes has the number of the message first, then that of the endpoint.
    const far = /^SEARCH (d|delivery) USING (COVERING )?INDEX delivery_(dead_)?message \(([^)]*)\)/;
    const isFound = ({ sql, steps }: Plan) => {
      const columns = sql.includes("endpoint_seq = ") ? "message_seq=? AND endpoint_seq=?" : "message_seq=?";
      return steps.some((step) => near.test(step)) && steps.some((step) => far.exec(step)?.[4] === columns);
    };
    expect(queries.filter((plan) => !isFound(plan))).toEqual([]);
  });

  test("retention deletes the deliveries of messages by their numbers, and the others by an index", () => {
    const deletions = plans.filter(({ sql }) => sql.startsWith("DELETE FROM delivery") && sql.includes("message_seq"));
    expect(deletions.flatMap(({ steps }) => steps)).toEqual([
      "SEARCH delivery USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
      "SEARCH delivery USING COVERING INDEX delivery_message (message_seq>? AND message_seq<?)",
    ]);
  });

  test("the failed attempts of an endpoint are found without reading its other attempts", () => {
    const ofEndpoint = /FROM attempt( t)? WHERE (t\.)?endpoint_seq = .* (t\.)?reason IS NOT NULL/;
    const queries = plans.filter(({ sql }) => ofEndpoint.test(sql.replace(/\s+/g, " ")));
    expect(queries.length).toBeGreaterThan(4);
    expect(queries.filter(({ steps }) => !steps.some((step) => step.includes("attempt_failed")))).toEqual([]);
  });

  test("the attempts of messages are found by numbers of deliveries and by the index of the others", () => {
    const named = plans.filter(({ sql }) => sql.includes("SELECT d.success_seq"));
    const listed = plans.filter(({ sql }) => sql.includes(".found_by_delivery IS NULL"));
    expect(named.length).toBeGreaterThan(6);
    expect(listed.length).toBeGreaterThan(10);
    const byNumber = (steps: readonly string[]) =>
      steps.some((step) => /^SEARCH d USING INTEGER PRIMARY KEY/.test(step));
    const byIndex = (steps: readonly string[]) => steps.some((step) => step.includes("attempt_message (message_seq"));
    expect(named.filter(({ steps }) => !byNumber(steps))).toEqual([]);
    expect(listed.filter(({ steps }) => !byIndex(steps))).toEqual([]);
  });

  test("queries sort only results that are always short", () => {
    const sorts = plans.filter(({ steps }) => steps.some((step) => step.includes("TEMP B-TREE")));
    expect(
      sorts.filter(({ sql }) => !isIntended(sql, SORTS_INTENDED)).map(({ sql, steps }) => ({ sql, steps })),
    ).toEqual([]);
  });
});
