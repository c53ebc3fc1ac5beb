/** Names of applications and endpoints beside their ids in lists. */
import type { Seq } from "../../core/id.ts";
import type { ApplicationName, EndpointName, Store } from "../../store/index.ts";

export interface Names {
  readonly applications: ReadonlyMap<Seq, ApplicationName>;
  readonly endpoints: ReadonlyMap<Seq, EndpointName>;
}

interface Named {
  readonly applicationSeq?: Seq | null;
  readonly endpointSeq?: Seq | null;
}

/** Reads the names of the applications and endpoints of some rows. */
export function namesOf({ survey }: Store, environmentSeq: Seq, rows: readonly Named[]): Promise<Names> {
  const isSeq = (seq: Seq | null | undefined): seq is Seq => seq !== null && seq !== undefined;
  return survey.names(environmentSeq, {
    applicationSeqs: rows.map(({ applicationSeq }) => applicationSeq).filter(isSeq),
    endpointSeqs: rows.map(({ endpointSeq }) => endpointSeq).filter(isSeq),
  });
}
