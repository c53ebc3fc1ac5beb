import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { executable, type RunningBoathook, startBoathook } from "./binary.ts";
import { freePort } from "./free-port.ts";
import { ROOT_TOKEN } from "./server.ts";

export const CLIENT_ID = "boathook-test";
export const CLIENT_SECRET = "secret-of-the-client-in-this-test-0123456789";

/** The claims of a person, by the name with which the person logs in. */
export type People = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An OpenID Connect provider on this machine, with the login and consent pages of `oidc-provider`. */
export interface TestProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

/** `port` 0 chooses a free port. */
export async function startProvider({
  people,
  redirectUri,
  port = 0,
  host = "127.0.0.1",
  authMethod = "client_secret_basic",
}: {
  readonly people: People;
  readonly redirectUri: string;
  readonly port?: number;
  /** The host name in the URL of the provider. */
  readonly host?: "127.0.0.1" | "localhost";
  readonly authMethod?: "client_secret_basic" | "client_secret_post";
}): Promise<TestProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: authMethod,
      },
    ],
    clientAuthMethods: [authMethod],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    cookies: { keys: ["key-of-the-cookies"] },
    findAccount: (_, id) =>
      people[id] === undefined ? undefined : { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  });
  server.on("request", provider.callback());
  return { issuer, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Returns the settings of a server whose people log in at the provider. `admins` is the setting `oidc-admins`. */
export function providerSettings(issuer: string, admins: string): Record<string, string> {
  return {
    BOATHOOK_OIDC_ISSUER: issuer,
    BOATHOOK_OIDC_CLIENT_ID: CLIENT_ID,
    BOATHOOK_OIDC_CLIENT_SECRET: CLIENT_SECRET,
    BOATHOOK_OIDC_ADMINS: admins,
  };
}

/**
 * Starts a provider and a server at which `ada@example.com` is the admin, for a browser. For a
 * browser, `localhost` is another site than `127.0.0.1`, as a provider on the Internet is.
 */
export async function startServerWithProvider(
  dataDir: string,
  people: People,
): Promise<{ readonly server: RunningBoathook; readonly provider: TestProvider }> {
  const port = freePort();
  const redirectUri = `http://127.0.0.1:${port}/api/v1/oidc/callback`;
  const provider = await startProvider({ people, redirectUri, host: "localhost" });
  const server = await startBoathook(executable(), dataDir, [`--port=${port}`], {
    env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...providerSettings(provider.issuer, "ada@example.com") },
  });
  return { server, provider };
}
