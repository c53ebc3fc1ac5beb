/**
 * The request cannot be fulfilled. Thrown anywhere below the API and converted to a response in one
 * place (`api/http/errors.ts`). Codes are those of the Svix API where it has one.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    /** The HTTP status, from 400 to 599. */
    readonly status: number,
    /** A stable, machine-readable code in snake_case. */
    readonly code: string,
    /** One sentence for users: what happened, which value, what to do. It contains no secrets. */
    readonly detail: string,
    /**
     * When to retry, for the `Retry-After` header: an approximate number of seconds or an exact
     * number of ms. Null means no header.
     */
    readonly retry: number | { readonly afterMs: number } | null = null,
  ) {
    super(detail);
  }
}

/** The application of a request has moved to another installation (421). */
export class MovedAway extends Problem {
  /** `url` is the URL of the other installation. */
  constructor(readonly url: string) {
    super(421, "application_moved", `The application has moved to ${url}. Send the request there.`);
  }
}

/** The application of a request is being moved to another installation (503). */
export function beingMoved(): Problem {
  return new Problem(503, "application_moving", "The application is being moved to another server. Try again.", 1);
}

/**
 * A validation error in one value of the request. `loc` starts with `body`, `query`, `path` or
 * `header`.
 */
export interface Finding {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** Some values of a well-formed request are invalid (422). */
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

/** The thing existed and never comes back (410). */
export function gone(detail: string): Problem {
  return new Problem(410, "gone", detail);
}

export function conflict(detail: string, code = "conflict"): Problem {
  return new Problem(409, code, detail);
}
