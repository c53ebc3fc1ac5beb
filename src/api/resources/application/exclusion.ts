import { Type } from "@sinclair/typebox";
import type { ApplicationExclusion } from "../../../store/index.ts";

/** URL prefix of the test receivers of the hosted Svix. */
const SVIX_PLAY = "https://play.svix.com/";

const flag = (description: string) => Type.Optional(Type.Boolean({ default: false, description }));

/** Query parameters that exclude applications from the list. */
export const exclusionQuery = {
  exclude_apps_with_no_endpoints: flag("Exclude applications without endpoints."),
  exclude_apps_with_disabled_endpoints: flag("Exclude applications whose endpoints are all disabled."),
  exclude_apps_with_svix_play_endpoints: flag("Exclude applications whose endpoints are all at Svix Play."),
};

type ExclusionQuery = { readonly [Name in keyof typeof exclusionQuery]?: boolean };

/** Returns the exclusion that a query describes, or null if it excludes nothing. */
export function exclusionOf(query: ExclusionQuery): ApplicationExclusion | null {
  const exclusion = {
    withoutEndpoints: query.exclude_apps_with_no_endpoints ?? false,
    allDisabled: query.exclude_apps_with_disabled_endpoints ?? false,
    allAt: query.exclude_apps_with_svix_play_endpoints ? SVIX_PLAY : null,
  };
  return exclusion.withoutEndpoints || exclusion.allDisabled || exclusion.allAt !== null ? exclusion : null;
}
