import type { Seq } from "../../../core/id.ts";
import type { Queue } from "../../index.ts";
import type { Replica } from "../replica/replica.ts";
import type { StoreParts } from "../store-parts.ts";
import { acceptVerb } from "./accept.ts";
import { batchVerbs } from "./batches.ts";
import { cancelVerbs } from "./cancel.ts";
import { contentsVerb } from "./contents.ts";
import { deliveries } from "./deliveries.ts";
import { expunge } from "./expunge.ts";
import { usageVerbs } from "./quota-usage.ts";
import { redriveVerbs } from "./redrive.ts";
import { resendAllVerb } from "./resend-all.ts";

/** `departed` contains the applications that have moved to another installation. */
export function queue(parts: StoreParts, departed: ReadonlySet<Seq>, replica: Replica | null): Queue {
  const { db, clock, committer, turns, functionSends, idempotency, stretches, usages } = parts;
  return {
    ...ownership(),
    ...deliveries(parts),
    ...redriveVerbs(db, committer, turns, clock),
    accept: withRoom(acceptVerb(db, committer, { ...parts, departed }), replica),
    usage: usageVerbs(db, committer, usages, turns),
    idempotency: idempotency.verbs(committer),
    hopsOf: async (messageSeq) => functionSends.hopsOf(messageSeq),
    contents: contentsVerb(db, committer),
    resendAll: resendAllVerb(db, committer, stretches),
    batch: batchVerbs(db, committer),
    cancel: cancelVerbs(db, committer),
    expunge: expunge(parts, clock),
  };
}

/** Refuses messages while the replica lacks too much. Without a replica, returns the verb unchanged. */
function withRoom(accept: Queue["accept"], replica: Replica | null): Queue["accept"] {
  if (replica === null) return accept;
  return async (messages) => {
    replica.requireRoom();
    return accept(messages);
  };
}

/** One process owns the data directory and therefore every lane, so a claim needs no write. */
function ownership(): Pick<Queue, "claim" | "renew" | "release"> {
  return {
    claim: async () => ({ validUntil: Number.POSITIVE_INFINITY, owns: () => true }),
    renew: async (claim) => claim,
    release: async () => {},
  };
}
