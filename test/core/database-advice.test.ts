import { expect, test } from "bun:test";
import { databaseAdvice, explainedDatabaseError } from "../../src/core/database-advice.ts";

const failure = (message: string, codes: object): Error => Object.assign(new Error(message), codes);
const fromServer = (state: string) => failure("refused", { code: "ERR_POSTGRES_SERVER_ERROR", errno: state });

test.each([
  ["28P01", /password/],
  ["3D000", /Create the database/],
  ["42501", /rights/],
  ["25006", /primary/],
  ["53100", /space/],
  ["53300", /max_connections/],
  ["53200", /memory/],
  ["58030", /disk/],
  ["57P03", /Wait/],
  ["57014", /statement_timeout/],
  ["55P03", /lock_timeout/],
  ["25P03", /idle_in_transaction_session_timeout/],
  ["XX001", /backup/],
  ["08006", /can be reached/],
])("an error with SQLSTATE %s comes with advice", (state, advice) => {
  expect(databaseAdvice(fromServer(state))).toMatch(advice);
});

test("an error of a statement that a limit of Boathook has ended does not blame the operator's settings", () => {
  const limited = failure("canceling statement due to statement timeout", { errno: "57014", ownLimitMs: 27_000 });
  expect(explainedDatabaseError(limited)).toBe(
    "canceling statement due to statement timeout. Boathook ends such a statement after 27 seconds: pg_stat_activity shows which session holds a lock, or what makes the server slow.",
  );
});

test("an error of the client without a SQLSTATE comes with advice", () => {
  const refused = failure("Failed to connect", { code: "ERR_POSTGRES_CONNECTION_REFUSED" });
  expect(explainedDatabaseError(refused)).toBe(
    "Failed to connect. Check that the PostgreSQL server runs and can be reached at the address in its URL.",
  );
  const insecure = failure("Server does not support SSL", { code: "ERR_POSTGRES_TLS_NOT_AVAILABLE" });
  expect(databaseAdvice(insecure)).toMatch(/sslmode/);
});

test("an error that nothing is known to help against is shown alone", () => {
  expect(explainedDatabaseError(fromServer("22012"))).toBe("refused.");
  expect(explainedDatabaseError(new Error("broken."))).toBe("broken.");
  expect(explainedDatabaseError("text")).toBe("text.");
});
