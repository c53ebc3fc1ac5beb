import type { Configuration } from "../../index.ts";
import type { SecretBox } from "../../sql/secret-box.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import { applications } from "./applications.ts";
import { audit } from "./audit.ts";
import { endpoints } from "./endpoints.ts";
import { environments } from "./environments.ts";
import { eventTypes } from "./event-types.ts";
import { payloadVersions } from "./payload-versions.ts";
import { sessions } from "./sessions.ts";
import { sources } from "./sources.ts";
import { tokens } from "./tokens.ts";

export function configuration(database: Database, committer: Committer, box: SecretBox): Configuration {
  return {
    environments: environments(database, committer),
    applications: applications(database, committer),
    eventTypes: eventTypes(database, committer),
    payloadVersions: payloadVersions(database, committer),
    endpoints: endpoints(database, committer, box),
    sources: sources(database, committer, box),
    tokens: tokens(database, committer),
    sessions: sessions(database, committer),
    audit: audit(database, committer),
  };
}
