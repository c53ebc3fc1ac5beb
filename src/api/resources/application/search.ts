/** The search for applications by name, uid or id. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import type { ApplicationSearch } from "../../../store/index.ts";

const SEARCH_CHARS_MAX = 200;

/** Query parameter that selects applications. */
export const searchQuery = {
  search: Type.Optional(
    Type.String({
      maxLength: SEARCH_CHARS_MAX,
      description:
        "Include only applications with this text in the name or uid, ignoring case, or with this id. A page can then be short or empty although `done` is false.",
    }),
  ),
};

/** Returns the search that a query describes, or null if there is none. */
export function searchOf({ search: text }: { readonly search?: string }, ids: IdCodec): ApplicationSearch | null {
  return text === undefined ? null : { text, seq: ids.decode("app_", text) };
}
