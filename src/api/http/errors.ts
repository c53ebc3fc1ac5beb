import { type Finding, Invalid, Problem } from "../../core/problem.ts";
import { StoreUnavailable } from "../../store/index.ts";
import { type Reply, reply } from "./reply.ts";

/** Where errors are told to the people who run the server. */
export interface ErrorLog {
  error(fields: object, message: string): void;
}

const RETRY_AFTER_UNAVAILABLE_SECONDS = 5;

/**
 * Every error becomes its answer here and nowhere else. What nobody expected is logged and told to the caller without
 * any detail: its message may hold anything.
 */
export function errorReply(error: unknown, log: ErrorLog): Reply {
  if (error instanceof Problem) return problemReply(error);
  if (error instanceof Invalid) return reply(422, { detail: error.findings.map(readable) });
  if (error instanceof StoreUnavailable) {
    log.error({ error }, "The store cannot be written.");
    return problemReply(
      new Problem(
        503,
        "unavailable",
        "The data cannot be stored at the moment; nothing was changed. Try again later.",
        RETRY_AFTER_UNAVAILABLE_SECONDS,
      ),
    );
  }
  log.error({ error }, "A request failed in a way that nobody expected.");
  return reply(500, { code: "server_error", detail: "Something went wrong inside the server; its log says what." });
}

/** Places are named as they were sent: what is wrong with them may be that they are no text. */
function readable({ loc, msg, type }: Finding): Finding {
  return { loc: loc.map((part) => part.toWellFormed()), msg: msg.toWellFormed(), type };
}

function problemReply({ status, code, detail, retryAfterSeconds }: Problem): Reply {
  const answer = reply(status, { code, detail });
  if (retryAfterSeconds === null) return answer;
  return { ...answer, headers: { "retry-after": String(retryAfterSeconds) } };
}

export function unauthenticated(detail: string): Problem {
  return new Problem(401, "authentication_failed", detail);
}

export function insufficientAccess(detail = "Insufficient access for the given operation."): Problem {
  return new Problem(403, "insufficient_access", detail);
}

export function tooLarge(bytesMax: number): Problem {
  return new Problem(413, "payload_too_large", `Request payload is too large: at most ${bytesMax} bytes are taken.`);
}

export function stopping(): Problem {
  return new Problem(503, "unavailable", "The server is stopping. Try again later.", RETRY_AFTER_UNAVAILABLE_SECONDS);
}

/** 400: the request itself cannot be read, before its values are looked at. */
export function badRequest(detail: string, code = "generic_error"): Problem {
  return new Problem(400, code, detail);
}
