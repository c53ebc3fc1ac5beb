/** Findings about the encryption key. */
import { type Finding, fail, ok, warn } from "./finding.ts";

export interface KeyFacts {
  /** Where the key comes from. `unusable`: the key file does not contain a key. */
  readonly source: "setting" | "file" | "missing" | "unusable";
  /** Path of the key file. */
  readonly file: string;
  /**
   * Whether the key belongs to the data. `old`: the data has a newer key, which is handed over to a
   * server with the old one. Null if the data cannot be read.
   */
  readonly fits: "yes" | "no" | "old" | null;
  /** Whether a rotation of the key was begun and has not finished. */
  readonly isRotating: boolean;
  /** Whether keys from before a rotation are kept. */
  readonly hasOldKeys: boolean;
}

export function keyFindings(facts: KeyFacts): Finding[] {
  return [keyFinding(facts), ...(facts.isRotating || facts.hasOldKeys ? [rotationFinding(facts)] : [])];
}

function keyFinding({ source, file, fits }: KeyFacts): Finding {
  const setting = "set encryption-key (BOATHOOK_ENCRYPTION_KEY)";
  if (source === "missing" || source === "unusable") {
    const problem = source === "missing" ? "is missing" : "does not contain 64 hex digits";
    return fail("key", `The key file ${file} ${problem}.`, `Restore the original file or ${setting}.`);
  }
  const what = source === "setting" ? "The configured encryption key" : `The key in ${file}`;
  if (fits === "yes") return ok("key", `${what} matches the data.`);
  if (fits === "no") return fail("key", `${what} does not match the data.`, `Restore the original file or ${setting}.`);
  if (fits === null) return warn("key", `${what} could not be compared with the data.`, "Repair the database first.");
  return warn(
    "key",
    `${what} is the one from before the latest rotation.`,
    "Set encryption-key (BOATHOOK_ENCRYPTION_KEY) to the new key and restart the server.",
  );
}

function rotationFinding({ file, isRotating }: KeyFacts): Finding {
  if (isRotating) {
    return warn("key-rotation", "A rotation of the key has not finished.", "Run `boathook key rotate` again.");
  }
  return ok("key-rotation", `Earlier keys are kept in ${file}.old until \`boathook key forget\` removes them.`);
}
