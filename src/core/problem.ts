/**
 * An API error for a request that cannot be fulfilled. Thrown anywhere below the API and converted
 * into a response in one place (`api/http/errors.ts`). Where the Svix API has a code, it is used.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    /** HTTP status, 400 to 599. */
    readonly status: number,
    /** Stable, machine-readable snake_case code. */
    readonly code: string,
    /** One sentence for users: what happened, which value, what to do. Contains no secrets. */
    readonly detail: string,
    /** Seconds for the `Retry-After` header, or null to omit it. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail);
  }
}

/**
 * A validation error for one value in the request. `loc` starts with `body`, `query`, `path` or
 * `header`.
 */
export interface Finding {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** 422: the request is well-formed, but some of its values are invalid. */
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
