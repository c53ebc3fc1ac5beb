import { Type } from "@sinclair/typebox";
import { endSession, openSession } from "../../../commands/sessions.ts";
import { unsignedJwt } from "../../../core/jwt.ts";
import { isLoopbackHost } from "../../../core/oidc.ts";
import { notFound, Problem } from "../../../core/problem.ts";
import { csrfToken } from "../../../core/session.ts";
import { tokenHash } from "../../../core/token.ts";
import type { Session } from "../../../store/index.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import { insufficientAccess, starting } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { type Reply, reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/identity.ts";
import { acceptedUntil } from "../../identity/jwt-identity.ts";
import { setCookie } from "../../identity/session-cookie.ts";
import { FailedLogins } from "./failed-logins.ts";
import {
  CurrentSessionOut,
  currentSessionExample,
  currentSessionOut,
  SessionIn,
  SessionOut,
  sessionExample,
  sessionOut,
} from "./fields.ts";
import { recordedLogin } from "./recorded-login.ts";

const DESCRIPTION = `Exchanges a token for a cookie that pages of this server can use instead of the token, in all tabs of the browser. The cookie is \`HttpOnly\` and \`SameSite=Strict\`.

Every change that is made with the cookie needs the header \`boathook-csrf\` with the value \`csrf\` of the response, and requests by pages of other origins are refused. A request with a token needs neither, and its cookie is ignored.

The session ends when its token ends, after 7 days without a request, and after 30 days. A token has at most 20 sessions; a new one ends the one that was used least recently.`;

export function sessionRoutes(context: Context): Operation[] {
  const { store, ids, clock } = context;
  // The tests list the operations without these parts.
  const sessions = () => context.authenticator.sessions;
  const tag = "Sessions";
  const failed = new FailedLogins(clock);
  const current = { schema: CurrentSessionOut, example: currentSessionExample };

  /** Throws 404 if the request was made with a token. */
  async function presentSession({ session }: Identity): Promise<Session> {
    const found = session === undefined ? null : await store.configuration.sessions.get(session.seq);
    if (found === null)
      throw notFound("The request was made with a token, so it has no session. Log in with POST /api/v1/session.");
    return found;
  }

  async function logIn(request: Request, token: string): Promise<Reply> {
    const identity = await failed.check(context.addressOf(request), () => context.authenticator.ownerOf(token));
    if (identity.applicationSeq !== null) {
      throw insufficientAccess(
        "This token belongs to one application. Use the application's portal link, or log in with a token for the whole environment.",
      );
    }
    const { environmentSeq } = identity;
    const owner = await ownerOf(identity, token);
    const login = { action: "session.create", environmentSeq, actor: actorOf(identity, ids) } as const;
    const { session, secret } = await recordedLogin(context, login, () =>
      openSession(context, {
        ...owner,
        userAgent: request.headers.get("user-agent") ?? "",
        address: context.addressOf(request),
      }),
    );
    await endReplaced(request);
    const body = await currentSessionOut(session, identity, csrfToken(secret), context);
    return { ...reply(201, body), headers: { "set-cookie": setCookie(secret, request, sessions().place) } };
  }

  /** Ends the session whose cookie the new one replaces. */
  async function endReplaced(request: Request): Promise<void> {
    const secret = sessions().secretOf(request);
    if (secret === null) return;
    const old = await store.configuration.sessions.withHash(tokenHash(secret), clock.now());
    if (old !== null) await endSession(context, old.seq);
  }

  async function ownerOf({ credential, environmentSeq }: Identity, token: string) {
    const owner = { ownerSha256: tokenHash(token), environmentSeq, user: null, unsignedJwt: null, tokenSeq: null };
    if (credential.kind === "token") {
      const { seq, name } = credential;
      const expiresAt = (await store.configuration.tokens.get(environmentSeq, seq))?.expiresAt ?? null;
      return { ...owner, tokenSeq: seq, name, expiresAt };
    }
    if (credential.kind === "jwt") {
      const { subject, expiresAt } = credential;
      return { ...owner, unsignedJwt: unsignedJwt(token), name: subject, expiresAt: acceptedUntil(expiresAt) };
    }
    return { ...owner, environmentSeq: null, name: "root", expiresAt: null };
  }

  /** Finds a session that the caller may end. */
  async function visible(identity: Identity, id: string): Promise<Session> {
    const seq = ids.decode("sess_", id);
    const found = seq === null ? null : await store.configuration.sessions.get(seq);
    const isVisible =
      found !== null &&
      (found.environmentSeq === null ? identity.root : found.environmentSeq === identity.environmentSeq);
    if (!isVisible) throw notFound("Session not found");
    return found;
  }

  return [
    operation({
      id: "session.create",
      method: "POST",
      path: "/api/v1/session",
      tag,
      summary: "Log in with a token",
      description: DESCRIPTION,
      access: "public",
      body: SessionIn,
      bodyExample: { token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ" },
      responses: { 201: { description: "The session. Its cookie is in `Set-Cookie`.", ...current } },
      problems: [400, 401, 403, 429],
      async handle({ request, body }) {
        if (context.isStarting?.()) throw starting();
        sessions().checkOrigin(request);
        checkEncryption(request, context.publicUrl());
        return logIn(request, body.token);
      },
    }),

    operation({
      id: "session.get",
      method: "GET",
      path: "/api/v1/session",
      tag,
      summary: "Get the session of the request",
      access: "environment",
      scopes: [],
      responses: { 200: { description: "The session.", ...current } },
      problems: [404],
      async handle({ identity }) {
        const session = await presentSession(identity);
        return reply(200, await currentSessionOut(session, identity, identity.session!.csrf, context));
      },
    }),

    operation({
      id: "session.list",
      method: "GET",
      path: "/api/v1/session/list",
      tag,
      summary: "List the sessions of the environment",
      description: "The root token and users also see the sessions of the root token and of users.",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...orderQuery("descending") }),
      responses: {
        200: {
          description: "A page of sessions.",
          schema: field.listOf("SessionOut", SessionOut),
          example: {
            data: [sessionExample],
            iterator: sessionExample.id,
            prevIterator: `-${sessionExample.id}`,
            done: true,
          },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const filter = { environmentSeq: identity.environmentSeq, includesRoot: identity.root, now: clock.now() };
        const page = await store.configuration.sessions.list(
          filter,
          pageRequest(query, ids, "sess_", query.order ?? "descending"),
        );
        const idOf = ({ seq }: Session) => ids.encode("sess_", seq);
        return reply(
          200,
          listed(page, idOf, (one) => sessionOut(one, context, one.seq === identity.session?.seq)),
        );
      },
    }),

    operation({
      id: "session.log-out",
      readOnlyAccess: true,
      method: "DELETE",
      path: "/api/v1/session",
      tag,
      summary: "Log out",
      description: "Ends the session of the request and deletes its cookie. The token of the session stays valid.",
      access: "environment",
      scopes: [],
      responses: { 204: { description: "The session has ended." } },
      problems: [404],
      async handle({ request, identity }) {
        const { seq } = await presentSession(identity);
        await endSession(context, seq);
        const headers = { "set-cookie": setCookie(null, request, sessions().place) };
        return { status: 204, body: "", headers, changed: { sessionId: ids.encode("sess_", seq) } };
      },
    }),

    operation({
      id: "session.delete",
      method: "DELETE",
      path: "/api/v1/session/:session_id",
      tag,
      summary: "End a session",
      description: "Takes effect at once: the next request of the session gets 401, and its streams end.",
      access: "environment",
      responses: { 204: { description: "The session has ended." } },
      problems: [404],
      async handle({ identity, params }) {
        await endSession(context, (await visible(identity, params.session_id)).seq);
        return { status: 204, body: "" };
      },
    }),
  ];
}

/**
 * Throws 400 if the page was opened over HTTP although the public URL has HTTPS. The browser would
 * discard the cookie, except on its own machine.
 */
function checkEncryption({ headers }: Request, publicUrl: string): void {
  const origin = URL.parse(headers.get("origin") ?? "");
  if (origin?.protocol !== "http:" || !publicUrl.startsWith("https:") || isLoopbackHost(origin.hostname)) return;
  throw new Problem(
    400,
    "https_required",
    `Browsers keep sessions of this server only over HTTPS. Open ${publicUrl}/ui/.`,
  );
}
