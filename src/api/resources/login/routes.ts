import { Type } from "@sinclair/typebox";
import { openUserSession } from "../../../commands/sessions.ts";
import { defaultEnvironment } from "../../../core/environment.ts";
import type { LoginFailure } from "../../../core/oidc.ts";
import { notFound } from "../../../core/problem.ts";
import type { SessionUser } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { starting } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { type Reply, reply } from "../../http/reply.ts";
import { searchOf } from "../../http/request-target.ts";
import { nullable } from "../../http/schema.ts";
import { setCookie } from "../../identity/session-cookie.ts";
import { recordedLogin } from "../session/recorded-login.ts";
import { AttemptCookie } from "./attempt-cookie.ts";

const LOGIN = "/api/v1/oidc/login";
const CALLBACK = "/api/v1/oidc/callback";

export const LoginOptionsOut = field.object("LoginOptionsOut", {
  oidc: nullable(
    field.object("OidcLoginOut", {
      name: Type.String({ description: "The host name of the identity provider." }),
      url: Type.String({ format: "uri", description: "The address at which a login begins." }),
    }),
  ),
  hasSession: Type.Boolean({
    description:
      "Whether the request has the cookie of a session. `GET /api/v1/session` says whether the session is open.",
  }),
});

const FAILED = `If the login fails, the browser is sent to \`/ui/?login=<reason>\`. The reasons are \`denied\`, \`expired\`, \`state_mismatch\`, \`not_admin\`, \`email_not_verified\`, \`clock\`, \`provider_unavailable\` and \`failed\`.`;

/** Logins of people at an identity provider, with the authorization code flow. */
export function loginRoutes(context: Context): Operation[] {
  const tag = "Sessions";
  const { login = null } = context;
  const redirect = (description: string) => ({ 303: { description } });
  let attempts: AttemptCookie | null = null;
  const cookies = () => {
    attempts ??= new AttemptCookie(context.clock, context.random);
    return attempts;
  };
  const place = () => context.authenticator.sessions.place;

  function enabled(): NonNullable<typeof login> {
    if (context.isStarting?.()) throw starting();
    if (login === null) throw notFound("This server has no identity provider. Log in with a token.");
    return login;
  }

  /** Redirects to `/ui/?login=<reason>`. */
  function back(failure: LoginFailure, request: Request): Reply {
    return redirectTo(`${context.publicUrl()}/ui/?login=${failure}`, cookies().set(null, request, place()));
  }

  async function complete(request: Request): Promise<Reply> {
    const { provider, admits } = enabled();
    const attempt = cookies().read(request, place());
    if (attempt === null) return back("expired", request);
    const search = searchOf(request.url);
    if (new URLSearchParams(search).get("state") !== attempt.state) return back("state_mismatch", request);
    const proven = await provider.finish(`${context.publicUrl()}${CALLBACK}?${search}`, attempt);
    if ("failure" in proven) return back(proven.failure, request);
    const { isEmailVerified, ...user } = proven.user;
    if (!isEmailVerified || user.email === "") return back("email_not_verified", request);
    if (!admits(user)) return back("not_admin", request);
    const { secret } = await recordedLogin(context, await loginOf(user), () =>
      openUserSession(context, user, {
        userAgent: request.headers.get("user-agent") ?? "",
        address: context.addressOf(request),
      }),
    );
    return redirectTo(`${context.publicUrl()}/ui/`, setCookie(secret, request, place()));
  }

  /** Returns the login of a person for the audit log. It belongs to the environment that the page shows first. */
  async function loginOf({ id, email }: SessionUser) {
    const environment = await context.store.configuration.environments.named(defaultEnvironment);
    const actor = { kind: "user", id, name: email } as const;
    return { action: "login.complete", environmentSeq: environment!.seq, actor } as const;
  }

  return [
    operation({
      id: "login.options",
      method: "GET",
      path: "/api/v1/login-options",
      tag,
      summary: "Get the ways to log in",
      description: "Logging in with a token is always possible.",
      access: "public",
      responses: {
        200: {
          description: "The ways to log in.",
          schema: LoginOptionsOut,
          example: { oidc: { name: "example.com", url: `https://example.com${LOGIN}` }, hasSession: false },
        },
      },
      problems: [],
      async handle({ request }) {
        const oidc =
          login === null ? null : { name: new URL(login.provider.issuer).host, url: context.publicUrl() + LOGIN };
        return reply(200, { oidc, hasSession: context.authenticator.sessions.secretOf(request) !== null });
      },
    }),

    operation({
      id: "login.begin",
      method: "GET",
      path: LOGIN,
      tag,
      summary: "Log in at the identity provider",
      description: `Sends the browser to the identity provider, if the setting \`oidc-issuer\` names one. ${FAILED}`,
      access: "public",
      responses: redirect("To the identity provider, or to `/ui/?login=<reason>`."),
      problems: [404],
      async handle({ request }) {
        const begun = await enabled().provider.begin(context.publicUrl() + CALLBACK);
        if ("failure" in begun) return back(begun.failure, request);
        return redirectTo(begun.url, cookies().set(begun.attempt, request, place()));
      },
    }),

    operation({
      id: "login.complete",
      method: "GET",
      path: CALLBACK,
      tag,
      summary: "Complete a login at the identity provider",
      description: `The identity provider redirects the browser here. The response sets the cookie of a session. The session has all rights, in the name of the person, and ends after 12 hours. ${FAILED}`,
      access: "public",
      query: Type.Object({
        state: Type.Optional(Type.String({ description: "The `state` with which the login began." })),
        code: Type.Optional(Type.String({ description: "Authorization code." })),
        iss: Type.Optional(Type.String({ description: "Issuer URL of the identity provider." })),
        error: Type.Optional(Type.String({ description: "OAuth error code if the login failed." })),
        error_description: Type.Optional(Type.String()),
      }),
      responses: redirect("To `/ui/`, or to `/ui/?login=<reason>`."),
      problems: [404],
      handle: ({ request }) => complete(request),
    }),
  ];
}

function redirectTo(location: string, cookie: string): Reply {
  const headers = { location, "set-cookie": cookie, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return { status: 303, body: "", headers };
}
