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
} from "./field.ts";
import { label } from "./shared.ts";
import { id, json, list, nullable, nullableOutput, text, type ValueType } from "./value-type.ts";

const SCOPES_MAX = 100;

/** The Svix API allows null in responses. */
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
      description: "The scopes of the token, and the capabilities of an application's token; null means no limits.",
    },
  },
};

const application = id("app_", {
  description: "The application that the token is limited to, or null for the whole environment.",
});

/** All fields of a token but its hash. To add one: a line here and a column in a migration. */
export const tokenFields = {
  seq: key("tok_"),
  name: required(name, { example: "billing service" }),
  environmentSeq: rowNumber(),
  applicationSeq: given(nullableOutput(application), { json: "appId" }),
  /** What the token of one application may do; null: all that such a token can. */
  capabilities: internal(json<readonly Capability[] | null>()),
  /** What it may do at most, as it was written; null: no such limits. */
  scopes: atCreation(scopes, null, { example: ["application:Read", "message:*"] }),
  /** The token of one application sees event types without a flag, and those with one of these. */
  featureFlags: internal(json<readonly string[]>()),
  /** The caller's name for a session, by which tokens can be expired. */
  sessionId: given(nullable(text())),
  /** The last characters of the token; empty for old tokens. */
  hint: internal(text()),
  createdAt,
  expiresAt: given(nullableOutput(exampleInstant)),
  revokedAt: given(nullableOutput(exampleInstant)),
};

export interface Token extends RecordOf<typeof tokenFields> {}
