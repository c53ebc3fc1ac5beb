/**
 * What the API tells a caller who asked for something that cannot be done. Thrown anywhere below the API, turned into
 * an answer in one place (`api/errors.ts`). The codes are those of the Svix API where it has one.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    /** HTTP status, 400 to 599. */
    readonly status: number,
    /** A stable snake_case word for programs. */
    readonly code: string,
    /** One sentence for people: what happened, what was got, what to do. No secrets. */
    readonly detail: string,
    /** Seconds for a `Retry-After` header. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail);
  }
}

/** One finding about a value that was sent. `loc` starts with `body`, `query`, `path` or `header`. */
export interface Finding {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** 422: the request was understood but some of its values are not acceptable. */
export class Invalid extends Error {
  override readonly name = "Invalid";
  readonly findings: readonly Finding[];
  constructor(...findings: Finding[]) {
    super(findings.map((finding) => `${finding.loc.join(".")}: ${finding.msg}`).join("; "));
    this.findings = findings;
  }
}

export function invalid(loc: readonly string[], msg: string, type = "value_error"): Invalid {
  return new Invalid({ loc, msg, type });
}

export function notFound(detail = "Entity not found"): Problem {
  return new Problem(404, "not_found", detail);
}

export function conflict(detail: string, code = "conflict"): Problem {
  return new Problem(409, code, detail);
}
