import { StartError } from "../../../core/start-error.ts";
import { isOutage, messageOf, stateOf, unavailable } from "../connection/errors.ts";

/** SQLSTATEs of names in the schema that something else has, or that differ from ours. */
const OTHER_TABLES = /^42(P07|703|710|723|804|809)$/;

/** Returns the error to show if the server refused a statement of the migration. */
export function migrationError(error: unknown): unknown {
  const [state, message] = [stateOf(error), messageOf(error)];
  if (OTHER_TABLES.test(state)) {
    return new StartError(
      `The PostgreSQL database has tables of another program (${message}). Set store to an empty database.`,
    );
  }
  if (state === "42501" || state === "3F000") {
    return new StartError(
      `The tables cannot be created or changed in the PostgreSQL database (${message}). Allow the user in store to create tables in a schema of its search_path.`,
    );
  }
  return isOutage(error) ? unavailable(error, "No table was created or changed.") : error;
}
