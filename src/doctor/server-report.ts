/** The parts of `GET /api/v1/system/diagnostics` that are checked. Times are ISO texts. */
export interface ServerReport {
  readonly system: {
    readonly version: string;
    readonly settings: ReadonlyArray<{ readonly name: string; readonly value: string | null }>;
    readonly store: {
      readonly schemaVersion: number;
      readonly failing: boolean;
      readonly damaged: boolean;
      readonly commits: { readonly count: number; readonly p99Ms: number | null };
      readonly diskFreeBytes: number | null;
    };
    readonly backups: { readonly isOverdue: boolean; readonly reason: string | null } | null;
    /** Null if no replica is configured. Absent in servers of earlier versions. */
    readonly replica?: {
      readonly location: string;
      readonly state: string;
      readonly reason: string | null;
      readonly lagMs: number;
      readonly refusesMessages: boolean;
    } | null;
    /** Null with SQLite. Absent in servers of earlier versions. */
    readonly database?: {
      readonly instances: ReadonlyArray<{
        readonly alive: boolean;
        readonly delivers: boolean;
        readonly lanes: number;
        readonly self: boolean;
      }>;
      readonly unservedLanes: number;
    } | null;
    /** Absent in servers of earlier versions. */
    readonly certificates?: Readonly<Record<"server" | "client" | "ca", string | null>>;
    readonly clock: { readonly doubtedSince: string | null };
    readonly openFiles: { readonly open: number | null; readonly max: number | null };
    readonly delivery: {
      readonly state: string;
      readonly heldSince: string | null;
      readonly oldestDueAt: string | null;
    };
  };
  readonly environments: ReadonlyArray<{
    readonly name: string;
    readonly pausedAt: string | null;
    readonly pending: number;
    readonly deadLetters: number;
    readonly endpoints: { readonly failing: number; readonly disabled: number };
  }>;
}

/** The fields that the checks need, each with an example of its type. */
const FORM = {
  system: {
    ...{ version: "", settings: [{ name: "" }], clock: {}, openFiles: {}, delivery: { state: "" } },
    store: { schemaVersion: 0, failing: false, damaged: false, commits: { count: 0 } },
  },
  environments: [{ name: "", pending: 0, deadLetters: 0, endpoints: { failing: 0, disabled: 0 } }],
};

/** Returns whether the response of a server has the fields that are checked. Other versions may lack some. */
export function isServerReport(response: unknown): response is ServerReport {
  return hasForm(response, FORM);
}

function hasForm(value: unknown, form: unknown): boolean {
  if (Array.isArray(form)) return Array.isArray(value) && value.every((item) => hasForm(item, form[0]));
  if (typeof form !== "object" || form === null) return typeof value === typeof form;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(form).every(([name, inner]) => hasForm((value as Record<string, unknown>)[name], inner));
}
