import type { BrokerState } from "./broker.ts";
import type { Seq } from "./id.ts";
import type { LogCause, ReceivedOutcome } from "./received.ts";

/** An event at a source. */
export type SourceFact =
  /** A request arrived at the door for a known source. */
  | {
      readonly type: "source.received";
      readonly sourceSeq: Seq;
      readonly environmentSeq: Seq;
      /** The source's uid, or its id if it has none. */
      readonly source: string;
      readonly outcome: ReceivedOutcome;
    }
  /**
   * A source has refused a request, or stored one that failed its check, and the request is in
   * the source's log. The number of these facts per second is limited.
   */
  | {
      readonly type: "source.refused";
      readonly sourceSeq: Seq;
      readonly cause: LogCause;
      /** The status of the response. */
      readonly status: number;
      readonly method: string;
      readonly address: string;
    }
  /** The connection of a source to its broker was made or lost, or could not be made. */
  | {
      readonly type: "source.connection";
      readonly sourceSeq: Seq;
      readonly environmentSeq: Seq;
      /** The type of the source. */
      readonly broker: string;
      readonly state: BrokerState["state"];
      readonly error: string | null;
    }
  /** Messages were removed from the queue of a source before they were taken, so they are lost. */
  | {
      readonly type: "source.removed";
      readonly sourceSeq: Seq;
      /** The type of the source. */
      readonly broker: string;
      readonly detail: string;
    }
  /** A key of a provider could not be fetched, so a request could not be checked and got 503. */
  | { readonly type: "source.key-unavailable"; readonly sourceSeq: Seq; readonly message: string };
