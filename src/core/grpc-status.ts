import type { Answer } from "../ports.ts";
import { errorText, protocolAnswer } from "./protocol-answer.ts";

/** The names of the status codes of gRPC, by number. */
const NAMES = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
  ...["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];
/** The HTTP statuses of the codes in `google/rpc/code.proto` that do not become 500. */
const HTTP_STATUSES: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

export const grpcOk = 0;
export const grpcDeadlineExceeded = 4;

/** The end of a call. */
export interface GrpcEnd {
  readonly code: number;
  /** The message of the status. If the call succeeded, the `detail` of the response. */
  readonly detail: string;
  /** Returns the value of a trailer, or null. */
  readonly trailer: (name: string) => string | null;
}

/** Returns the end of a call as the answer that attempts store. */
export function grpcAnswer({ code, detail, trailer }: GrpcEnd, bytesMax: number): Answer {
  if (code === grpcOk) return protocolAnswer({ status: 200, text: detail }, bytesMax);
  const name = NAMES[code] ?? "UNKNOWN";
  const status = HTTP_STATUSES[name] ?? 500;
  const text = errorText(name, detail);
  if (code === grpcDeadlineExceeded) return protocolAnswer({ status, text, reason: "timeout" }, bytesMax);
  return protocolAnswer({ status, text, retryAfter: retryAfterOf(trailer) }, bytesMax);
}

/** Returns the wait that the receiver asked for, as a `Retry-After` header has it. Null if it asked for none. */
function retryAfterOf(trailer: GrpcEnd["trailer"]): string | null {
  const pushback = trailer("grpc-retry-pushback-ms")?.trim() ?? "";
  if (/^\d{1,15}$/.test(pushback)) return String(Math.ceil(Number(pushback) / 1000));
  return trailer("retry-after");
}
