import { ApiError } from "../../kit/client.ts";

/** Returns what is wrong with the fields of a source, by the name of the field. */
export function problemsByField(error: Error | null): Readonly<Record<string, string>> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(
    error.findings.map(({ loc, msg }) => [loc[1] === "config" && loc[2] !== undefined ? loc[2] : (loc[1] ?? ""), msg]),
  );
}
