import { type Source, sourceFields } from "../../core/resources/source.ts";
import { mappingOf, type Row } from "./mapping.ts";
import type { SecretBox } from "./secret-box.ts";

const { config: _, captured: __, ...columnFields } = sourceFields;
const mapping = mappingOf("source", columnFields);

/** The parts of a source that are encrypted at rest, in the column `sealed`. */
type Sealed = Pick<Source, "config" | "captured">;

const NOTHING_SEALED: Sealed = { config: {}, captured: null };

export type SourceRow = Row & { readonly sealed: Uint8Array | null };

export const SOURCE_COLUMNS = `${mapping.columns}, sealed`;

export const SOURCE_SQL = {
  insert: mapping.insert("sealed"),
  assignments: `${mapping.assignments}, sealed = $sealed`,
} as const;

function sealedOf(box: SecretBox, { config, captured }: Sealed): Uint8Array | null {
  if (captured === null && Object.keys(config).length === 0) return null;
  return box.seal(JSON.stringify({ config, captured } satisfies Sealed));
}

/** Converts between sources and rows. */
export function sourceCodec(box: SecretBox) {
  const toRecord = (row: SourceRow): Source => ({
    ...mapping.toRecord(row),
    ...(row.sealed === null ? NOTHING_SEALED : (JSON.parse(box.open(row.sealed)) as Sealed)),
  });
  return {
    toRecord,
    toRecordOrNull: (row: SourceRow | null) => (row === null ? null : toRecord(row)),
    toBindings: (source: Source) => ({ ...mapping.toBindings(source), sealed: sealedOf(box, source) }),
  };
}
