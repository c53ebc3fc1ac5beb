import { ApiError } from "./client.ts";

/** What is wrong with the fields of a request, by the names of the fields. */
export type Problems = Readonly<Record<string, string>>;

/** Returns what is wrong with the fields of a request, by the first name below `body`. */
export function problemsOf(error: Error | null): Problems {
  if (!(error instanceof ApiError)) return {};
  const problems: Record<string, string> = {};
  for (const { loc, msg } of error.findings) {
    const [, name = "", ...below] = loc;
    const index = /^\[(\d+)\]$/.exec(below[0] ?? "")?.[1];
    const text = index === undefined ? msg : `Item ${Number(index) + 1}: ${msg}`;
    problems[name] = problems[name] === undefined ? text : `${problems[name]} ${text}`;
  }
  return problems;
}

/** Returns what to show beside a form's button: the error, unless the form shows it at its fields. */
export function remainingProblem(error: Error | null, shown: readonly string[]): string | null {
  const names = Object.keys(problemsOf(error));
  if (names.length === 0 || names.some((name) => !shown.includes(name))) return error?.message ?? null;
  return "Correct the marked fields.";
}
