/** Changes a server so that it has the configuration of a file. */
import { counted } from "../core/text.ts";
import type { Api } from "./api.ts";
import type { Change } from "./change.ts";
import type { Configuration, Wanted } from "./configuration.ts";
import { KINDS, type TopKind, topKinds, uidOfId } from "./kinds.ts";
import { Matches } from "./matches.ts";
import { ChangeFailed, perform } from "./perform.ts";
import { type Plan, planOf } from "./plan.ts";
import { readPresent, readSecrets, type Selected, type Selection } from "./present.ts";
import { type Summary, summaryOf } from "./report.ts";

export interface ApplyOptions {
  readonly isDryRun: boolean;
  readonly prunes: boolean;
  /** Called for each change, after it was made. */
  readonly changed: (change: Change) => void;
}

export interface Applied {
  readonly changes: readonly Change[];
  readonly summary: Summary;
  /** The things of which only secrets may differ, if nothing was written. */
  readonly uncompared: readonly Change[];
}

/** Some changes were not made. */
export class ApplyFailed extends Error {
  override readonly name = "ApplyFailed";
}

/**
 * Changes what differs. Throws `FileInvalid` before the first change if the file cannot be applied, and
 * `ApplyFailed` if a change cannot be made.
 */
export async function apply(api: Api, configuration: Configuration, options: ApplyOptions): Promise<Applied> {
  const { changes, unchanged } = await plan(api, configuration, options.prunes);
  if (options.isDryRun) {
    const certain = changes.filter(({ probe }) => probe === null);
    for (const change of certain) options.changed(change);
    const uncompared = changes.filter(({ probe }) => probe !== null);
    return { changes: certain, summary: summaryOf(certain, unchanged + uncompared.length), uncompared };
  }
  const made: Change[] = [];
  try {
    await perform(api, changes, (change, hasChanged) => {
      if (!hasChanged) return;
      made.push(change);
      options.changed(change);
    });
  } catch (error) {
    if (!(error instanceof ChangeFailed)) throw error;
    throw failure(error, configuration, made.length);
  }
  const summary = summaryOf(made, unchanged + changes.length - made.length);
  return { changes: made, summary, uncompared: [] };
}

async function plan(api: Api, configuration: Configuration, prunes: boolean): Promise<Plan> {
  const matches = new Matches(await readPresent(api, selected(configuration, prunes)));
  const withSecret = configuration.things
    .filter(({ kind, fields }) => kind === "endpoint" && fields.secret != null)
    .map((wanted) => matches.find(wanted))
    .filter((present) => present !== null);
  const secrets = await readSecrets(api, withSecret);
  const result = planOf(configuration, matches, { prunes, secrets });
  if (result.faults.length > 0) throw configuration.refused(result.faults);
  return result;
}

/**
 * Returns what must be read: the things in the file, those to which endpoints refer, and all things of
 * the lists that are pruned.
 */
function selected({ things, lists }: Configuration, prunes: boolean): Selected {
  const selection = (kind: TopKind): Selection => {
    if (prunes && lists.has(kind)) return "all";
    const named = things.filter((thing) => thing.kind === kind).map(({ id }) => id);
    const referred = REFERRED[kind]?.(things.filter((thing) => thing.kind === "endpoint")) ?? [];
    return referred === "all" ? "all" : [...new Set([...named, ...referred])];
  };
  const listing = new Map(topKinds.map((kind) => [kind, listingOf(things, kind)]));
  return {
    ...(Object.fromEntries(topKinds.map((kind) => [kind, selection(kind)])) as Record<TopKind, Selection>),
    endpointsOf: ({ kind, id, fields }) => {
      const names = listing.get(kind as TopKind)!;
      return names.has(id) || names.has(uidOfId(fields.id as string));
    },
  };
}

/** The things to which endpoints refer. */
const REFERRED: Readonly<Partial<Record<TopKind, (endpoints: readonly Wanted[]) => Selection>>> = {
  eventType: (endpoints) => endpoints.flatMap(({ fields }) => (fields.eventTypes ?? []) as readonly string[]),
  payloadVersion: (endpoints) => {
    const versions = endpoints.map(({ fields }) => fields.apiVersion);
    // An endpoint can only be created without a version while the server has none.
    return versions.includes(null) ? "all" : versions.filter((version) => typeof version === "string");
  },
};

/** Returns the identities of the things whose endpoints the file lists. */
function listingOf(things: readonly Wanted[], kind: TopKind): ReadonlySet<string> {
  return new Set(things.filter((one) => one.kind === kind && one.listsEndpoints).map(({ id }) => id));
}

function failure({ change, reason }: ChangeFailed, { placeOf, name }: Configuration, made: number): ApplyFailed {
  const { kind, id, path } = change;
  const place = path === null || name === null ? "" : `${name}:${placeOf(path).line}: `;
  const before = made === 0 ? "Nothing was changed" : `${counted(made, "change")} ${made === 1 ? "was" : "were"} made`;
  return new ApplyFailed(
    `${place}${KINDS[kind].word} ${id}: ${reason.message} ${before} before. Correct this and apply the file again.`,
  );
}
