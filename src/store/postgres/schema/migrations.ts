import { FIRST_SCHEMA } from "./first-schema.ts";

/**
 * Migration steps that build the schema, each a list of statements. A released step is never changed.
 */
export const migrations: ReadonlyArray<readonly string[]> = [FIRST_SCHEMA];
