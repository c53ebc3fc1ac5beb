import { type Finding, Invalid, MovedAway, Problem } from "../../core/problem.ts";
import { StoreUnavailable } from "../../store/index.ts";
import { type Reply, reply } from "./reply.ts";

/** Reports errors to the operators of the server. */
export interface ErrorLog {
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

const RETRY_AFTER_UNAVAILABLE_SECONDS = 5;

/**
 * Converts an error to a response. Unexpected errors are logged; the response contains no details
 * of them, because their messages may contain secrets.
 */
export function errorReply(error: unknown, log: ErrorLog): Reply {
  if (error instanceof MovedAway) return movedReply(error);
  if (error instanceof Problem) return problemReply(error);
  if (error instanceof Invalid) return reply(422, { detail: error.findings.map(readable) });
  if (error instanceof StoreUnavailable) {
    // The store logs the beginning and the end of a failure. A line per request would soon use up
    // the space that a full disk regains.
    log.debug({ error: error.message }, "A request got 503, because the store is unavailable.");
    return problemReply(
      new Problem(
        503,
        "unavailable",
        "The data cannot be stored or read at the moment, and nothing was changed. Try again later.",
        RETRY_AFTER_UNAVAILABLE_SECONDS,
      ),
    );
  }
  log.error({ error }, "Internal error (bug): a request failed. Please report it.");
  return reply(500, { code: "server_error", detail: "Internal error. The log of the server has the details." });
}

/**
 * Replaces malformed Unicode in a finding, because UTF-8 cannot encode it. Field names from the
 * request may contain malformed Unicode.
 */
function readable({ loc, msg, type }: Finding): Finding {
  return { loc: loc.map((part) => part.toWellFormed()), msg: msg.toWellFormed(), type };
}

function problemReply({ status, code, detail, retry }: Problem): Reply {
  const answer = reply(status, { code, detail });
  // The rest of the body would arrive on the connection, so no other request can use it.
  if (status === 408) return { ...answer, headers: { connection: "close" } };
  if (status === 415) return { ...answer, headers: { "accept-encoding": "gzip, identity" } };
  if (retry === null) return answer;
  if (typeof retry === "number") return { ...answer, headers: { "retry-after": String(retry) } };
  const seconds = Math.max(1, Math.ceil(retry.afterMs / 1000));
  return { ...answer, headers: { "retry-after": String(seconds), "boathook-retry-after-ms": String(retry.afterMs) } };
}

/** The header names the new place for proxies that send the request there. */
function movedReply(problem: MovedAway): Reply {
  return { ...problemReply(problem), headers: { "boathook-moved-to": problem.url } };
}

export function unauthenticated(detail: string): Problem {
  return new Problem(401, "authentication_failed", detail);
}

export function insufficientAccess(detail = "Insufficient access for the given operation."): Problem {
  return new Problem(403, "insufficient_access", detail);
}

/** Returns the error for a request that a page of another site may have sent. */
export function csrfFailed(detail: string): Problem {
  return new Problem(403, "csrf_failed", detail);
}

export function tooLarge(bytesMax: number): Problem {
  return new Problem(413, "payload_too_large", `Request payload is too large: the limit is ${bytesMax} bytes.`);
}

export function bodyTimeout(): Problem {
  return new Problem(408, "request_timeout", "The body did not arrive in time. Send it faster.");
}

export function starting(): Problem {
  return unavailable("starting");
}

export function stopping(): Problem {
  return unavailable("stopping");
}

function unavailable(doing: string): Problem {
  const detail = `The server is ${doing}. Try again later.`;
  return new Problem(503, "unavailable", detail, RETRY_AFTER_UNAVAILABLE_SECONDS);
}

/** Returns the 400 error for a request that cannot be parsed. */
export function badRequest(detail: string, code = "generic_error"): Problem {
  return new Problem(400, code, detail);
}
