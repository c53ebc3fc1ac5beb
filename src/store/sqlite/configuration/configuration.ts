import type { Configuration } from "../../index.ts";
import type { StoreParts } from "../store-parts.ts";
import { applications } from "./applications.ts";
import { audit } from "./audit.ts";
import { endpoints } from "./endpoints.ts";
import { environments } from "./environments.ts";
import { eventTypes } from "./event-types.ts";
import { payloadVersions } from "./payload-versions.ts";
import { sessions } from "./sessions.ts";
import { sources } from "./sources.ts";
import { tokens } from "./tokens.ts";

export function configuration({ db, box, committer, turns, usages }: StoreParts): Configuration {
  return {
    environments: environments(db, committer, usages),
    applications: applications(db, committer, turns, usages),
    eventTypes: eventTypes(db, committer),
    payloadVersions: payloadVersions(db, committer),
    endpoints: endpoints(db, committer, box),
    sources: sources(db, committer, box),
    tokens: tokens(db, committer, turns),
    sessions: sessions(db, committer),
    audit: audit(db, committer, turns),
  };
}
