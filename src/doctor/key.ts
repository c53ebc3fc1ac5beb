/** Findings about the encryption key. */
import { type Finding, fail, ok, warn } from "./finding.ts";

export interface KeyFacts {
  /** Where the key comes from. `unusable`: the key file does not contain a key. */
  readonly source: "setting" | "file" | "missing" | "unusable";
  /** Path of the key file. */
  readonly file: string;
  /** Whether the key belongs to the data. Null if the data has no key yet or cannot be read. */
  readonly fits: boolean | null;
}

export function keyFindings({ source, file, fits }: KeyFacts): Finding[] {
  const setting = "set encryption-key (BOATHOOK_ENCRYPTION_KEY)";
  if (source === "missing" || source === "unusable") {
    const problem = source === "missing" ? "is missing" : "does not contain 64 hex digits";
    return [fail("key", `The key file ${file} ${problem}.`, `Restore the original file or ${setting}.`)];
  }
  const what = source === "setting" ? "The configured encryption key" : `The key in ${file}`;
  if (fits === false) {
    return [fail("key", `${what} does not match the data.`, `Restore the original file or ${setting}.`)];
  }
  if (fits === null) return [warn("key", `${what} could not be compared with the data.`, "Repair the database first.")];
  return [ok("key", `${what} matches the data.`)];
}
