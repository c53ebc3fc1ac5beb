import type { ReservedSQL } from "bun";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Result } from "./queries.ts";

/** Runs a statement in a transaction that commands begin. They are sent together, in one round trip. */
export async function together(
  reserved: ReservedSQL,
  commands: readonly string[],
  sql: string,
  parameters: readonly Parameter[] | Bindings,
): Promise<Result> {
  const begun = commands.map((command) => execute(reserved, command, []));
  const result = execute(reserved, sql, parameters);
  // The first one that fails makes the others fail.
  const all = await Promise.allSettled([...begun, result, execute(reserved, "COMMIT", [])]);
  const failed = all.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
  if (failed !== undefined) throw failed.reason;
  return result;
}
