import type { Finding } from "../core/problem.ts";
import type { SourceConfig } from "../core/resources/source.ts";
import { mediaTypeProblem } from "../core/rule.ts";
import { parseSchedule, type Schedule } from "../receive/schedule.ts";

const PAYLOAD_BYTES_MAX = 256 * 1024;
const DEFAULT_TIMEZONE = "UTC";

/** Returns the errors in the configuration of a source of type `cron`. */
export function checkCronConfig(config: SourceConfig): Finding[] {
  const findings: Finding[] = [];
  const find = (field: string, msg: string) =>
    void findings.push({ loc: ["body", "config", field], msg, type: "value_error" });
  const { payload, contentType } = config;
  if (typeof payload !== "string" || !payload.isWellFormed()) find("payload", "Must be a string.");
  else if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX) {
    find("payload", `Must be at most ${PAYLOAD_BYTES_MAX} bytes long.`);
  }
  const mediaMsg = typeof contentType === "string" ? mediaTypeProblem(contentType) : "Must be a string.";
  if (contentType !== undefined && mediaMsg !== null) find("contentType", mediaMsg);
  const schedule = scheduleOf(config);
  if (!("next" in schedule)) find(schedule.field, schedule.msg);
  return findings;
}

/** Returns the schedule of a source of type `cron`, or the field that is invalid. */
export function scheduleOf(config: SourceConfig): Schedule | { readonly field: string; readonly msg: string } {
  const { schedule, timezone = DEFAULT_TIMEZONE } = config;
  if (typeof schedule !== "string") return { field: "schedule", msg: "Must be a string such as 0 9 * * 1-5." };
  if (typeof timezone !== "string") return { field: "timezone", msg: "Must be a string such as Europe/Berlin." };
  return parseSchedule(schedule, timezone);
}
