import { type Static, Type } from "@sinclair/typebox";
import { formatInstant } from "../../../core/instant.ts";
import type { Session } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";

const TOKEN_CHARS_MAX = 8192;

export const SessionIn = field.object("SessionIn", {
  token: Type.String({
    minLength: 1,
    maxLength: TOKEN_CHARS_MAX,
    description: "The root token, or a token for a whole environment.",
  }),
});

const kinds = ["root", "token", "jwt", "user"] as const;

const shown = {
  id: field.idOut("sess_"),
  type: Type.String({
    enum: [...kinds],
    description: "How the session was opened: with the root token, another token, a JWT, or at the identity provider.",
  }),
  name: Type.String({ description: "The name of the token or user; `root` for the root token." }),
  email: nullable(Type.String({ description: "The e-mail address of the user, or null." })),
  tokenId: nullable(Type.String({ description: "The token of the session, if it is a stored one." })),
  createdAt: field.instantOut,
  lastUsedAt: Type.String({ format: "date-time", description: "The time of the latest request, within a minute." }),
  expiresAt: Type.String({
    format: "date-time",
    description: "The session ends at this time. It ends earlier after 7 days without a request, and with its token.",
  }),
  userAgent: Type.String({ description: "The browser that opened the session." }),
  address: Type.String({ description: "The IP address from which the session was opened." }),
  current: Type.Boolean({ description: "Whether this is the session of the request." }),
};

export const SessionOut = field.object("SessionOut", shown);

export const CurrentSessionOut = field.object("CurrentSessionOut", {
  ...shown,
  csrf: Type.String({ description: "The value of the header `boathook-csrf`, which every change needs." }),
  envId: field.idOut("org_"),
  envName: Type.String(),
  root: Type.Boolean({ description: "Whether the session may use every environment." }),
  readOnly: Type.Boolean({ description: "Whether the session may only read and make dry runs." }),
  operations: Type.Array(Type.String(), {
    description:
      "The ids of the operations that the session allows. Operations of which it may only make a dry run are not listed. A request can still be refused because of its path or body.",
  }),
});

export const sessionExample = {
  id: "sess_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  type: "token",
  name: "billing service",
  email: null,
  tokenId: "tok_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  createdAt: "2026-01-01T00:00:00.000Z",
  lastUsedAt: "2026-01-01T00:00:00.000Z",
  expiresAt: "2026-01-31T00:00:00.000Z",
  userAgent: "Mozilla/5.0",
  address: "192.0.2.7",
  current: true,
};

export const currentSessionExample = {
  ...sessionExample,
  csrf: "4SPW0YAGZrP2y0n8nIK6yEwhEN1MyYbIBA4pGZWbBBw",
  envId: "org_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  envName: "default",
  root: false,
  readOnly: false,
  operations: ["v1.endpoint.list", "v1.endpoint.get"],
};

export function sessionOut(session: Session, { ids }: Pick<Context, "ids">, current: boolean) {
  const { user, tokenSeq } = session;
  return {
    id: ids.encode("sess_", session.seq),
    type: kindOf(session),
    name: session.name,
    email: user?.email ?? null,
    tokenId: tokenSeq === null ? null : ids.encode("tok_", tokenSeq),
    createdAt: formatInstant(session.createdAt),
    lastUsedAt: formatInstant(session.lastUsedAt),
    expiresAt: formatInstant(session.expiresAt),
    userAgent: session.userAgent,
    address: session.address,
    current,
  };
}

export async function currentSessionOut(
  session: Session,
  identity: Identity,
  csrf: string,
  context: Context,
): Promise<Static<typeof CurrentSessionOut>> {
  const { environmentSeq } = identity;
  const environment = await context.store.configuration.environments.get(environmentSeq);
  return {
    ...sessionOut(session, context, true),
    csrf,
    envId: context.ids.encode("org_", environmentSeq),
    envName: environment?.name ?? "",
    root: identity.root,
    readOnly: identity.readOnly,
    operations: [...context.operationsFor(identity)],
  };
}

function kindOf({ user, unsignedJwt, tokenSeq }: Session): (typeof kinds)[number] {
  if (user !== null) return "user";
  if (unsignedJwt !== null) return "jwt";
  return tokenSeq === null ? "root" : "token";
}
