import { isDeepStrictEqual } from "node:util";
import type { Seq } from "../core/id.ts";
import { Invalid, invalid } from "../core/problem.ts";
import { type EventTypeSettings, plainEventType } from "../core/resources/event-type.ts";
import type { EventType, Store } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { schemaWarnings } from "./event-type-compatibility.ts";
import { checkSchemas } from "./event-type-schemas.ts";
import { newEventType } from "./event-types.ts";
import { eventTypeChanged } from "./publish.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "signals" | "heavyWork">;

const READ_AT_ONCE = 250;
/**
 * Maximum length of all schemas of one OpenAPI document as JSON, in UTF-16 code units. The schemas
 * may share parts, so a small document can describe very large schemas.
 */
export const documentSchemasCharsMax = 8 * 1024 * 1024;
/**
 * Maximum length of the schemas in one commit of an import, in UTF-16 code units as JSON. A commit
 * blocks the event loop, and 8 MiB in one commit would block it for up to 134 ms.
 */
export const portionCharsMax = 1024 * 1024;
/** Maximum number of event types in one commit of an import. */
const PORTION_ROWS_MAX = 100;

/**
 * An event type in an import. If the event type is new, settings that are absent in `change` get
 * their defaults.
 */
export interface ImportedEventType {
  readonly name: string;
  readonly change: Partial<EventTypeSettings>;
  /** The location of the schemas in the request. */
  readonly loc: readonly string[];
}

/** Receives an event type that cannot be imported, and the reason. */
export type OnUnusable = (eventType: ImportedEventType, error: Invalid) => void;

const refuse: OnUnusable = (_, error) => {
  throw error;
};

/** An event type to store, and the change that creates or updates it. */
export interface Planned {
  readonly eventType: EventType;
  readonly change: ImportedEventType["change"];
  /** The length of the schemas as JSON, in UTF-16 code units. */
  readonly chars: number;
  /** The settings that the import changes, or null if the event type is new. */
  readonly changed: readonly string[] | null;
  /** The changes of the schema that may break its users. */
  readonly warnings: readonly string[];
}

/** Returns all event types of an environment by name, including archived ones. */
export async function allEventTypes(store: Store, environmentSeq: Seq): Promise<EventType[]> {
  const all: EventType[] = [];
  for (let from: string | null = null; ; ) {
    const page = { limit: READ_AT_ONCE, from, backwards: false, includeArchived: true };
    const { rows, more } = await store.configuration.eventTypes.list(environmentSeq, page);
    all.push(...rows);
    if (!more) return all;
    from = rows.at(-1)!.name;
  }
}

/**
 * Returns the event types that an import would store, without storing them. Skips those whose
 * schema cannot be used, and reports them to `onUnusable`, which throws 422 by default. Takes the
 * next element of `imports` in a later turn of the event loop, because each may take milliseconds. A
 * null in `imports` stands for an element that cannot be imported. An event type also cannot be
 * imported if its schemas and the earlier ones are longer than `schemasCharsMax`.
 */
export async function planImport(
  parts: Parts,
  environmentSeq: Seq,
  imports: Iterable<ImportedEventType | null>,
  onUnusable: OnUnusable = refuse,
  schemasCharsMax = Number.POSITIVE_INFINITY,
): Promise<Planned[]> {
  const results: Planned[] = [];
  let charsLeft = schemasCharsMax;
  for (const one of imports) {
    if (one !== null) {
      try {
        const planned = await plan(parts, environmentSeq, one, charsLeft);
        charsLeft -= planned.chars;
        results.push(planned);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        onUnusable(one, error);
      }
    }
    await new Promise<void>((resolve) => parts.clock.soon(resolve));
  }
  return results;
}

/**
 * Throws 422 if a schema cannot be used or if the schemas have more than `charsMax` code units, and 409
 * if the event type rejects the change of its schema.
 */
async function plan(
  parts: Parts,
  environmentSeq: Seq,
  { name, change, loc }: ImportedEventType,
  charsMax: number,
): Promise<Planned> {
  const before = await parts.store.configuration.eventTypes.get(environmentSeq, name);
  await checkSchemas(parts, change.schemas ?? null, before?.schemas ?? null, loc);
  const chars = change.schemas == null ? 0 : JSON.stringify(change.schemas).length;
  if (chars > charsMax)
    throw invalid(
      loc,
      "The schemas of the document are longer than 8 MiB in all. Import the remaining event types separately.",
    );
  const base = before ?? newEventType(parts, { environmentSeq, name }, plainEventType);
  const eventType = { ...base, ...change, updatedAt: parts.clock.now() };
  const warnings = schemaWarnings(before, eventType);
  return { eventType, change, chars, changed: before === null ? null : changedBy(change, before), warnings };
}

function changedBy(change: ImportedEventType["change"], before: EventType): string[] {
  const settings: Partial<Readonly<Record<string, unknown>>> = { ...before };
  return Object.entries(change)
    .filter(([name, value]) => !isDeepStrictEqual(value, settings[name]))
    .map(([name]) => name);
}

/**
 * Creates or changes event types. If `archivesOthers` is true, also archives all other event types
 * of the environment. Throws 422 and stores nothing if a schema cannot be used. See `storeImport`
 * for other failures.
 */
export async function importEventTypes(
  parts: Parts,
  environmentSeq: Seq,
  imports: readonly ImportedEventType[],
  archivesOthers = false,
): Promise<void> {
  const planned = await planImport(parts, environmentSeq, imports);
  await storeImport(parts, environmentSeq, planned, archivesOthers ? new Set() : null);
}

/** Returns the names of the event types that an import archives: all others except those in `kept`. */
export async function archivedByImport(
  { store }: Pick<Parts, "store">,
  environmentSeq: Seq,
  planned: readonly Planned[],
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const names = new Set(planned.map(({ eventType }) => eventType.name));
  const all = await allEventTypes(store, environmentSeq);
  return all.filter(({ name, archived }) => !archived && !names.has(name) && !kept.has(name)).map(({ name }) => name);
}

/**
 * Stores a planned import. Then archives all other event types of the environment except those in
 * `kept`; null archives none. A small import is one commit. A larger one is stored in portions, one
 * commit each: if one fails, the earlier ones remain stored and the later ones are not attempted.
 */
export async function storeImport(
  parts: Parts,
  environmentSeq: Seq,
  planned: readonly Planned[],
  kept: ReadonlySet<string> | null,
): Promise<void> {
  const others = kept === null ? [] : await archivedByImport(parts, environmentSeq, planned, kept);
  const updatedAt = parts.clock.now();
  const { eventTypes } = parts.store.configuration;
  const puts = planned.map(({ eventType, change, chars }) => ({
    name: eventType.name,
    chars,
    write: (): Promise<unknown> => eventTypes.put(eventType, () => ({ ...change, updatedAt })),
  }));
  const archivals = others.map((name) => ({
    name,
    chars: 0,
    write: () => eventTypes.update(environmentSeq, name, () => ({ archived: true, updatedAt })),
  }));
  for (const portion of portionsOf([...puts, ...archivals])) {
    await parts.store.together(() => portion.map(({ write }) => write()));
    for (const { name } of portion) eventTypeChanged(parts, { environmentSeq, name });
  }
}

/** The change of one event type. */
interface Write {
  readonly name: string;
  readonly chars: number;
  readonly write: () => Promise<unknown>;
}

/** Divides changes into portions that are small enough for one commit. */
function portionsOf(writes: readonly Write[]): Write[][] {
  const portions: Write[][] = [];
  let portion: Write[] = [];
  let chars = 0;
  for (const one of writes) {
    if (portion.length > 0 && (chars + one.chars > portionCharsMax || portion.length === PORTION_ROWS_MAX)) {
      portions.push(portion);
      portion = [];
      chars = 0;
    }
    portion.push(one);
    chars += one.chars;
  }
  if (portion.length > 0) portions.push(portion);
  return portions;
}
