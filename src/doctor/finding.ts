export type Level = "ok" | "warn" | "fail";

/** One result of `boathook doctor`. */
export interface Finding {
  /** Name of the check, in kebab case. */
  readonly name: string;
  readonly level: Level;
  /** One sentence with the observation. */
  readonly detail: string;
  /** Instruction for the operator, or null if nothing is to be done. */
  readonly remedy: string | null;
}

export function ok(name: string, detail: string): Finding {
  return { name, level: "ok", detail, remedy: null };
}

export function warn(name: string, detail: string, remedy: string): Finding {
  return { name, level: "warn", detail, remedy };
}

export function fail(name: string, detail: string, remedy: string): Finding {
  return { name, level: "fail", detail, remedy };
}

/** Converts an error message whose first sentence is the problem and the rest the remedy. */
export function failWith(name: string, message: string): Finding {
  const text = message.replace(/\s+/g, " ").trim();
  const [, detail = text, remedy = ""] = /^(.*?\.) (?=[A-Z])(.+)$/.exec(text) ?? [];
  return { name, level: "fail", detail, remedy: remedy === "" ? null : remedy };
}

/** Returns a finding as one line: `warn  disk  1.9 GiB are free on the disk of /data. Free some space.` */
export function findingLine({ level, name, detail, remedy }: Finding): string {
  const text = remedy === null ? detail : `${detail} ${remedy}`;
  return `${level}  ${name}  ${text.replace(/\s+/g, " ")}`;
}

export function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "fail");
}
