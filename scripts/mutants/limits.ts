import type { Mutant } from "./mutant.ts";

const MEMORY = "bun test test/api/memory.test.ts";
const LIMITS = "bun test test/api/limits.test.ts";
const TASKS = "bun test test/engine/task-limits.test.ts";
const FAN_OUT = "bun test test/engine/fan-out.test.ts";
const LONG_READS = "bun test test/store/sqlite/history/long-reads.test.ts";
const COMMITTER = "bun test test/store/sqlite/commit/committer.test.ts";
const CREATION = "bun test test/store/sqlite/data-dir/interrupted-creation.test.ts";
const DATA_DIR = "bun test test/store/sqlite/data-dir/data-dir.test.ts";
const CONNECTIONS = "bun test test/edge/client-connections.test.ts test/edge/kept-descriptors.test.ts";

/** Faults in limits of memory, time and descriptors, and in the creation of a data directory. */
export const limitMutants: readonly Mutant[] = [
  {
    name: "bodies-not-charged",
    file: "src/api/http/body.ts",
    find: "if (length !== null) lease.grow(length);",
    replace: "",
    test: MEMORY,
  },
  {
    name: "response-to-a-change-refused",
    file: "src/api/http/dispatch.ts",
    find: 'answer.body.length < LONG_SIZE || operation.method !== "GET"',
    replace: "answer.body.length < LONG_SIZE",
    test: MEMORY,
  },
  {
    name: "small-body-without-a-deadline",
    file: "src/api/http/shared-deadline.ts",
    find: "for (const waiter of this.#old) waiter.expire();",
    replace: "",
    test: "bun test test/api/unit/byte-budget.test.ts",
  },
  {
    name: "endpoints-counted-before-the-write",
    file: "src/store/sqlite/configuration/endpoints.ts",
    find: 'committer.write(() => {\n          if (countOf.get(endpoint.applicationSeq)!.count >= endpointsMax) return "full";',
    replace:
      'countOf.get(endpoint.applicationSeq)!.count >= endpointsMax ? Promise.resolve("full" as const) : committer.write(() => {',
    test: LIMITS,
  },
  {
    name: "overall-maximum-of-tasks-ignored",
    file: "src/deliver/tasks/task-places.ts",
    find: "return this.#taken.size >= this.limits.tasksMax;",
    replace: "return false;",
    test: TASKS,
  },
  {
    name: "waiting-task-blocks-other-applications",
    file: "src/deliver/tasks/task-runner.ts",
    find: "if (!this.#places.take(task)) continue;",
    replace: "if (!this.#places.take(task)) return;",
    test: TASKS,
  },
  {
    name: "large-batch-in-one-commit",
    file: "src/accept/portions.ts",
    find: "const DELIVERIES_AT_ONCE = 1000;",
    replace: "const DELIVERIES_AT_ONCE = 1_000_000;",
    test: FAN_OUT,
  },
  {
    name: "failed-commit-refuses-the-stored-messages",
    file: "src/accept/accept.ts",
    find: "return [...results, ...incoming.slice(from).map(() => NOT_STORED)];",
    replace: "return incoming.map(() => NOT_STORED);",
    test: FAN_OUT,
  },
  {
    name: "long-reads-in-the-same-turn",
    file: "src/store/turns.ts",
    find: "this.#last = this.#last.then(() => new Promise((resolve) => this.clock.soon(resolve)));",
    replace: "this.#last = new Promise((resolve) => this.clock.soon(resolve));",
    test: LONG_READS,
  },
  {
    name: "drop-exceeds-its-limit",
    file: "src/store/sqlite/queue/redrive.ts",
    find: "limit: limit - dropped };",
    replace: "limit };",
    test: LONG_READS,
  },
  {
    name: "rows-of-a-commit-not-limited",
    file: "src/store/sqlite/commit/commit.ts",
    find: "const ROWS_AT_ONCE = 2000;",
    replace: "const ROWS_AT_ONCE = 2_000_000;",
    test: COMMITTER,
  },
  {
    name: "failed-rollback-not-repeated",
    file: "src/store/sqlite/commit/transactions.ts",
    find: "this.#end();\n    this.#begin.run();",
    replace: "this.#begin.run();",
    test: COMMITTER,
  },
  {
    name: "key-file-not-synced",
    file: "src/store/sqlite/data-dir/durable-file.ts",
    find: "files.sync(temporary);",
    replace: "",
    test: CREATION,
  },
  {
    name: "unusable-key-beside-data-replaced",
    file: "src/store/sqlite/encryption/key-file.ts",
    find: "if (isUsed) {",
    replace: "if (isUsed && !existsSync(path)) {",
    test: CREATION,
  },
  {
    name: "database-file-not-locked",
    file: "src/store/sqlite/index.ts",
    find: "closing.push(lockDatabase(dataDir).release);",
    replace: "",
    test: DATA_DIR,
  },
  {
    name: "unknown-token-revoked-silently",
    file: "src/cli/token-actions.ts",
    find: "if (token === undefined) {",
    replace: "if (token === undefined) return;\n    if (token === undefined) {",
    test: "bun test test/cli/token.test.ts -t unknown",
  },
  {
    name: "command-opens-a-directory-without-data",
    file: "src/store/sqlite/index.ts",
    find: "if (!exclusive && !isUsed) throw noData(dataDir);",
    replace: "",
    test: "bun test test/store/sqlite/data-dir/damaged-data-dir.test.ts",
  },
  {
    name: "excess-connections-stay-open",
    file: "src/edge/client-connections.ts",
    find: "if (isKnown || isBusy) sockets.refuse(socket, this.#refusal);",
    replace: "",
    test: CONNECTIONS,
  },
  {
    name: "too-many-connections-closed",
    file: "src/edge/client-connections.ts",
    find: "const excess = accepted.length - connectionsMax;",
    replace: "const excess = accepted.length - connectionsMax + 1;",
    test: CONNECTIONS,
  },
  {
    name: "connections-of-one-port-starve-those-of-another",
    file: "src/edge/client-connections.ts",
    find: "if (wasFull) this.#letOthersIn(sockets, table);",
    replace: "",
    test: CONNECTIONS,
  },
  {
    name: "connection-opened-after-the-limit-is-lowered-again",
    file: "src/edge/kept-descriptors.ts",
    find: "} finally {\n    process.nextTick(end);",
    replace: "} finally {\n    end();",
    test: CONNECTIONS,
  },
];
