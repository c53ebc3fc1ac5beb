import type { Capability } from "../capability.ts";
import {
  atCreation,
  createdAt,
  exampleInstant,
  given,
  internal,
  key,
  type RecordOf,
  required,
  rowNumber,
  state,
} from "./field.ts";
import { label } from "./shared.ts";
import { flag, id, instant, json, list, nullable, nullableOutput, text, type ValueType } from "./value-type.ts";

const SCOPES_MAX = 100;

/** The name of a token. In the Svix API it may be null in responses. */
const name: ValueType<string, string, string | null> = {
  ...label("What the token is for."),
  output: { type: "string", nullable: true },
};

const SCOPES = `Limits what the token may do; null means no limits. Each scope has the form \`<resource>:<Action>\`.

- The resource is the one in the ids of the operations, such as \`event-type\` in \`v1.event-type.list\`. Case, \`-\` and \`_\` are ignored.
- The action \`Read\` also allows reading secrets. The action \`Write\` does not include \`Read\`.
- \`*\` means every resource or both actions.

Each operation lists the scopes that it needs under its status 403. A token with scopes can create, change and expire only tokens whose scopes are all covered by its own, except that \`expire-all\` expires all tokens of an application.`;

const scopesSent = nullable(
  list(text(), {
    minItems: 1,
    maxItems: SCOPES_MAX,
    description: SCOPES,
  }),
);
const scopes = {
  ...scopesSent,
  output: {
    ...scopesSent.output,
    keywords: {
      description: "The token's scopes; for an application's token, also its capabilities. Null means no limits.",
    },
  },
};

const application = id("app_", {
  description: "The application that the token is limited to, or null for the whole environment.",
});

/**
 * All fields of a token except its hash. To add a field, add a line here and a column in a
 * migration.
 */
export const tokenFields = {
  seq: key("tok_"),
  name: required(name, { example: "billing service" }),
  environmentSeq: rowNumber(),
  applicationSeq: given(nullableOutput(application), { json: "appId" }),
  /**
   * Permissions of an application's token. Null means all permissions that such a token can have.
   */
  capabilities: internal(json<readonly Capability[] | null>()),
  /** Limits of the token's permissions, exactly as in the request. Null means no limits. */
  scopes: atCreation(scopes, null, { example: ["application:Read", "message:*"] }),
  /** Whether the token may only read, and sees no secrets. */
  readOnly: atCreation(
    flag({
      description:
        "A read-only token may read everything that its scopes allow, except secrets, and make dry runs. It changes nothing. This cannot be changed later.",
    }),
    false,
  ),
  /** An application's token sees only event types that have no flags or at least one of these. */
  featureFlags: internal(json<readonly string[]>()),
  /** A name that the caller gives to a session. Tokens can be expired by session. */
  sessionId: given(nullable(text())),
  /** The last characters of the token. Empty for tokens that an early release created. */
  hint: internal(text()),
  createdAt,
  expiresAt: given(nullableOutput(exampleInstant)),
  revokedAt: given(nullableOutput(exampleInstant)),
  /** The latest stored use. Uses within a minute after it are not stored. */
  lastUsedAt: state(
    nullableOutput(instant({ description: "The latest use, to the minute. Null if no use was recorded." })),
    null,
  ),
};

export interface Token extends RecordOf<typeof tokenFields> {}
