import { BrokerError } from "../../core/broker.ts";
import { connectionFailure, NoConnection } from "./failure.ts";
import type { Opening } from "./open.ts";

/** Returns an error that explains to operators why messages cannot be taken. */
export function queueError<C>(error: unknown, { addresses, port, replyOf }: Opening<C>): BrokerError {
  if (error instanceof BrokerError) return error;
  if (error instanceof NoConnection) return new BrokerError(error.message);
  return new BrokerError(replyOf(error)?.text ?? connectionFailure(error, addresses[0]!, port).detail);
}
