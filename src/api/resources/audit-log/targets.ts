/** The names of what entries of the audit log are about. */
import { Type } from "@sinclair/typebox";
import type { IdCodec, IdPrefix, Seq } from "../../../core/id.ts";
import type { ScopeName } from "../../../core/scope.ts";
import { maskPassword } from "../../../core/url-password.ts";
import type { AuditEntry, AuditTarget, AuditTargets, Store } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { hasScopes } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";

const AuditTargetOut = field.object("AuditTargetOut", {
  name: Type.String({ description: "The present name; the URL of an endpoint." }),
  deleted: Type.Boolean({ description: "Whether the record is deleted." }),
});

export const targetsOut = Type.Record(Type.String(), AuditTargetOut, {
  description:
    "The names of the records in `subject`, by the same names. A record is missing if it has no name, if nothing of it is stored any more, or if the caller may not read it.",
});

interface Kind {
  /** The name in a subject. */
  readonly name: string;
  readonly prefix: IdPrefix;
  readonly seqs: keyof AuditTargets;
  /** The scope that a caller must hold to see names of this kind. */
  readonly scope: ScopeName;
}

const KINDS: readonly Kind[] = [
  { name: "appId", prefix: "app_", seqs: "applicationSeqs", scope: "application:Read" },
  { name: "endpointId", prefix: "ep_", seqs: "endpointSeqs", scope: "endpoint:Read" },
  { name: "sourceId", prefix: "src_", seqs: "sourceSeqs", scope: "ingest:Read" },
  { name: "tokenId", prefix: "tok_", seqs: "tokenSeqs", scope: "authentication:Read" },
];

/** Returns a function that returns the names for one of the entries. */
export async function targetsOf(
  { configuration }: Store,
  ids: IdCodec,
  identity: Identity,
  entries: readonly AuditEntry[],
): Promise<(entry: AuditEntry) => Record<string, { name: string; deleted: boolean }>> {
  const kinds = KINDS.filter(({ scope }) => hasScopes(identity, scope));
  const seqOf = (entry: AuditEntry, { name, prefix }: Kind) => ids.decode(prefix, entry.subject[name] ?? "");
  const seqsOf = (of: Kind) => entries.map((entry) => seqOf(entry, of)).filter((seq): seq is Seq => seq !== null);
  const wanted = { applicationSeqs: [], endpointSeqs: [], sourceSeqs: [], tokenSeqs: [] };
  const known = await configuration.audit.targets(identity.environmentSeq, {
    ...wanted,
    ...Object.fromEntries(kinds.map((kind) => [kind.seqs, seqsOf(kind)])),
  });
  const outOf = (kind: Kind, target: AuditTarget) => ({
    name: kind.prefix === "ep_" ? maskPassword(target.name) : target.name,
    deleted: target.isDeleted,
  });
  return (entry) => {
    const found = kinds.flatMap((kind) => {
      const target = known.get(seqOf(entry, kind) ?? -1);
      return target === undefined ? [] : [[kind.name, outOf(kind, target)] as const];
    });
    return Object.fromEntries(found);
  };
}
