import { BrokerError } from "../../core/broker.ts";
import { type ProtocolResult, protocolAnswer } from "../../core/protocol-answer.ts";
import type { Answer, Shortage, Unreachable } from "../../ports.ts";
import { connectError, connectShortage } from "../connect-error.ts";

/** Matches the codes of errors about certificates and handshakes. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_)/;

/** Thrown if there is no connection to a broker, because it refused the login or could not be reached. */
export class NoConnection extends Error {
  override readonly name = "NoConnection";

  constructor(readonly reason: ProtocolResult | Unreachable) {
    super("kind" in reason ? reason.detail : reason.text);
  }
}

/** A broker, and how it reports errors. */
export interface ReportingBroker {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Returns the broker's own reason for an error, or null if the error does not come from the broker. */
  replyOf(error: unknown): ProtocolResult | null;
}

/** Returns the answer for a message that was not published because of `error`. */
export function brokerFailure(error: unknown, to: ReportingBroker, responseBytesMax: number): Answer | Shortage {
  const reason = reasonOf(error, to);
  return "kind" in reason ? reason : protocolAnswer(reason, responseBytesMax);
}

/** Returns an error that explains to operators why messages cannot be taken. */
export function queueError(error: unknown, from: ReportingBroker): BrokerError {
  if (error instanceof BrokerError) return error;
  const reason = reasonOf(error, from);
  return new BrokerError("kind" in reason ? reason.detail : reason.text);
}

function reasonOf(error: unknown, { addresses, port, replyOf }: ReportingBroker): ProtocolResult | Unreachable {
  if (error instanceof NoConnection) return error.reason;
  return replyOf(error) ?? connectionFailure(error, addresses[0]!, port);
}

/** Explains an error of the connection to this address. */
export function connectionFailure(error: unknown, address: string, port: number): Unreachable {
  const code = codeOf(error);
  if (code === null) return failure("connection", `The connection failed: ${textOf(error)}`);
  if (TLS_CODE.test(code)) return failure("tls", `The TLS connection failed (${code}).`);
  if (code === "ECONNRESET" || code === "EPIPE") return failure("connection", "The broker closed the connection.");
  // The runtime reports local reasons, such as a lack of descriptors, as a refusal too.
  const actual = code === "ECONNREFUSED" ? connectError(address, port) : code;
  if (actual === "ECONNREFUSED") return failure("connection", "The connection was refused.");
  if (actual === "ETIMEDOUT") return failure("timeout", `The connection failed (${actual}).`);
  return connectShortage(actual, address) ?? failure("connection", `The connection failed (${actual}).`);
}

/** The answer if the broker has not confirmed a message when its attempt ends. */
export const notConfirmed = failure("timeout", "The broker did not confirm the message in time.");

/** Returns the code of an error or of its cause, or null. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : codeOf(error.cause);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the failure of a connection to a broker. */
export function failure(reason: "timeout" | "connection" | "tls", detail: string): Unreachable & { kind: "failure" } {
  return { kind: "failure", reason, detail };
}
