import type { Facts } from "../core/facts.ts";
import type { IdCodec, SeqSource } from "../core/id.ts";
import type { Signals } from "../core/signal.ts";
import type { Tracer } from "../core/tracer.ts";
import type { Random } from "../ports.ts";
import type { SocketConsumers } from "../sockets/socket-consumers.ts";
import type { Directory } from "../store/directory.ts";
import type { Store } from "../store/index.ts";
import type { TargetPorts } from "../targets/target.ts";
import type { DeliveryPolicy } from "./policy.ts";

export interface EnginePorts extends TargetPorts {
  readonly random: Random;
  /** Null or absent unless traces are exported. */
  readonly tracer?: Tracer | null;
}

export interface EngineParts {
  readonly store: Store;
  /** The consumers of `websocket:` endpoints. */
  readonly socketConsumers: SocketConsumers;
  readonly directory: Directory;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly policy: DeliveryPolicy;
  /** Returns the URL under which the server can be reached, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Returns whether the clock must not be used to decide how long an endpoint has been failing. */
  readonly isClockDoubted: () => boolean;
}
