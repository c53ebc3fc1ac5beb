import { Cron } from "croner";

/** When a source of type `cron` sends: five fields, in an IANA time zone. */
export interface Schedule {
  /** Returns the first run after `afterMs`, in ms since the Unix epoch. */
  next(afterMs: number): number;
  /**
   * Returns the latest run after `afterMs`, up to and including `untilMs`, or null if there is none.
   */
  latest(afterMs: number, untilMs: number): number | null;
}

/** The field of the configuration that is wrong, and what a valid value looks like. */
export interface ScheduleProblem {
  readonly field: "schedule" | "timezone";
  readonly msg: string;
}

const FIELDS = 5;
const TEXT_CHARS_MAX = 256;

/** Parses a schedule such as `0 9 * * 1-5`. Returns the problem if a value is invalid. */
export function parseSchedule(text: string, timezone: string): Schedule | ScheduleProblem {
  if (!isTimeZone(timezone)) {
    return { field: "timezone", msg: "Must be the name of an IANA time zone, such as Europe/Berlin." };
  }
  if (text.length > TEXT_CHARS_MAX || text.trim().split(/\s+/).length !== FIELDS) return wrongSchedule();
  let cron: Cron;
  try {
    cron = new Cron(text, { timezone, mode: "5-part", paused: true });
  } catch {
    return wrongSchedule();
  }
  if (cron.nextRun(new Date(0)) === null) {
    return { field: "schedule", msg: "No date matches this schedule, such as with 30 February." };
  }
  return new CronSchedule(cron);
}

export function isSchedule(parsed: Schedule | ScheduleProblem): parsed is Schedule {
  return "next" in parsed;
}

class CronSchedule implements Schedule {
  constructor(private readonly cron: Cron) {}

  next(afterMs: number): number {
    // The library counts in seconds, so a run in the second of `afterMs` is already in the past.
    const next = this.cron.nextRun(new Date(afterMs));
    if (next === null) throw new Error(`No run of the schedule ${this.cron.getPattern()} follows.`);
    return next.getTime();
  }

  latest(afterMs: number, untilMs: number): number | null {
    // `previousRuns` excludes the given time, so the search starts a second later.
    const [latest] = this.cron.previousRuns(1, new Date(untilMs + 1000));
    if (latest === undefined || latest.getTime() <= afterMs || latest.getTime() > untilMs) return null;
    return latest.getTime();
  }
}

function wrongSchedule(): ScheduleProblem {
  return {
    field: "schedule",
    msg: "Must have five fields: minute, hour, day of the month, month, day of the week; such as 0 9 * * 1-5.",
  };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
