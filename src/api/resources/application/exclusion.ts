import { Type } from "@sinclair/typebox";
import type { ApplicationExclusion } from "../../../store/index.ts";

/** Where the receivers of the hosted Svix for trying things out are. */
const SVIX_PLAY = "https://play.svix.com/";

const flag = (description: string) => Type.Optional(Type.Boolean({ default: false, description }));

/** By what applications can be left out of their list. */
export const exclusionQuery = {
  exclude_apps_with_no_endpoints: flag("Leave out applications that have no endpoints."),
  exclude_apps_with_disabled_endpoints: flag("Leave out applications that have only disabled endpoints."),
  exclude_apps_with_svix_play_endpoints: flag("Leave out applications that have only endpoints of Svix Play."),
};

type ExclusionQuery = { readonly [Name in keyof typeof exclusionQuery]?: boolean };

/** Null: nothing is left out. */
export function exclusionOf(query: ExclusionQuery): ApplicationExclusion | null {
  const exclusion = {
    withoutEndpoints: query.exclude_apps_with_no_endpoints ?? false,
    allDisabled: query.exclude_apps_with_disabled_endpoints ?? false,
    allAt: query.exclude_apps_with_svix_play_endpoints ? SVIX_PLAY : null,
  };
  return exclusion.withoutEndpoints || exclusion.allDisabled || exclusion.allAt !== null ? exclusion : null;
}
