import type { Mutant } from "./mutant.ts";

const SUITES = "bun test test/store/sqlite.test.ts";

/** Faults in the SQLite store. */
export const storeMutants: readonly Mutant[] = [
  {
    name: "success-settles-a-later-round",
    file: "src/store/sqlite/settle.ts",
    find: "WHERE seq = ?1 AND round = ?2 AND state = 0\n       AND (SELECT failing_since",
    replace: "WHERE seq = ?1 AND state = 0\n       AND (SELECT failing_since",
    test: SUITES,
  },
  {
    name: "retry-settles-a-later-round",
    file: "src/store/sqlite/settle.ts",
    find: "WHERE seq = ?1 AND round = ?2 AND state = 0`,\n  );\n  const die",
    replace: "WHERE seq = ?1 AND state = 0`,\n  );\n  const die",
    test: SUITES,
  },
  {
    name: "attempt-stored-after-its-message-was-deleted",
    file: "src/store/sqlite/settle.ts",
    find: 'if (change === "stale") forgetOrphan.run(attempt.seq);',
    replace: "",
    test: SUITES,
  },
  {
    name: "due-skips-equal-positions",
    file: "src/store/sqlite/deliveries.ts",
    find: "(position > ?2 OR seq > ?3)\n     ORDER BY",
    replace: "position > ?2\n     ORDER BY",
    test: SUITES,
  },
  {
    name: "prune-deletes-pending-messages",
    file: "src/store/sqlite/prune.ts",
    find: '"EXISTS (SELECT 1 FROM delivery d WHERE d.message_seq = m.seq AND d.state = 0) AS stays"',
    replace: '"0 AS stays"',
    test: SUITES,
  },
  {
    name: "resend-keeps-the-round",
    file: "src/store/sqlite/deliveries.ts",
    find: "attempts = 0, round = round + 1, trigger = 1,",
    replace: "attempts = 0, trigger = 1,",
    test: SUITES,
  },
  {
    name: "redrive-sends-to-disabled-endpoints",
    file: "src/store/sqlite/dead-letters.ts",
    find: "e.deleted_at IS NULL AND e.disabled = 0 AND",
    replace: "e.deleted_at IS NULL AND",
    test: SUITES,
  },
  {
    name: "bury-ends-deliveries-of-an-enabled-endpoint",
    file: "src/store/sqlite/deliveries.ts",
    find: 'if (state === "dead" && isDisabled.get(endpointSeq) === null) return 0;',
    replace: "",
    test: SUITES,
  },
  {
    name: "event-id-not-unique",
    file: "src/store/sqlite/messages.ts",
    find: "if (message.eventId !== null && eventIdExists",
    replace: 'if (message.eventId === "" && eventIdExists',
    test: SUITES,
  },
  {
    name: "write-resolves-before-commit",
    file: "src/store/sqlite/commit.ts",
    find: "results[i] = writes[i]!.work();",
    replace: "writes[i]!.resolve((results[i] = writes[i]!.work()) as never);",
    test: "bun test test/store/sqlite/commit.test.ts test/store/sqlite/committer.test.ts",
  },
  {
    name: "idempotency-key-not-stored-with-its-message",
    file: "src/store/sqlite/messages.ts",
    find: "if (message.idempotency !== null) {\n      idempotency.insert(",
    replace: "if (message.idempotency === undefined) {\n      idempotency.insert(",
    test: SUITES,
  },
  {
    name: "expired-secrets-still-sign",
    file: "src/store/sqlite/endpoint-secrets.ts",
    find: "AND (expires_at IS NULL OR expires_at > ?)\n     ORDER BY",
    replace: "AND (expires_at IS NULL OR ? > 0)\n     ORDER BY",
    test: SUITES,
  },
  {
    name: "dead-letters-of-all-applications-listed",
    file: "src/store/sqlite/dead-letters.ts",
    find: "if (filter.applicationSeq !== undefined) {",
    replace: "if (filter.applicationSeq === 0) {",
    test: SUITES,
  },
  {
    name: "message-of-another-application-found",
    file: "src/store/sqlite/messages.ts",
    find: "return row === null || row.applicationSeq !== applicationSeq ? null : toMessage(row);",
    replace: "return row === null ? null : toMessage(row);",
    test: SUITES,
  },
  {
    name: "application-of-another-environment-found",
    file: "src/store/sqlite/applications.ts",
    find: "FROM application WHERE uid = ? AND environment_seq = ?",
    replace: "FROM application WHERE uid = ? AND ? > 0",
    test: SUITES,
  },
  {
    name: "settled-attempt-stored-twice",
    file: "src/store/sqlite/settle.ts",
    find: "if (changes === 0) return false;",
    replace: "",
    test: SUITES,
  },
];
