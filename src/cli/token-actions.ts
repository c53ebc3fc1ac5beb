import { ensureEnvironment } from "../commands/environments.ts";
import { hasRootToken, rotateRootToken } from "../commands/root-token.ts";
import * as tokens from "../commands/tokens.ts";
import { type Settings, SettingsError } from "../config/index.ts";
import { SQLITE } from "../config/store-kinds.ts";
import { defaultEnvironment } from "../core/environment.ts";
import type { Seq } from "../core/id.ts";
import { uidProblem } from "../core/rule.ts";
import { tokenLimits } from "../core/token.ts";
import { maskPassword } from "../core/url-password.ts";
import type { Environment, Token } from "../store/index.ts";
import { removeRootTokenFile } from "../store/sqlite/data-dir/root-token-file.ts";
import { printableJson } from "./client/printable.ts";
import { type Parts, recorded, withStore } from "./command-store.ts";
import { CommandFailed } from "./exit-code.ts";
import { formatTable } from "./table.ts";

/** The options of `token create`. */
export interface TokenRequest {
  readonly name?: string;
  /** Name or id of the environment. */
  readonly environment: string;
  /** Id or uid of the application; undefined means the whole environment. */
  readonly app?: string;
  readonly readOnly?: true;
  /** Time until the token expires, in ms; undefined means never. */
  readonly expires?: number;
}

/** Creates a token and returns its text. The text is not stored anywhere. */
export function createToken(settings: Settings, request: TokenRequest): Promise<string> {
  return withStore(settings, async (parts) => {
    const environment = await environmentFor(parts, request.environment);
    const { seq: environmentSeq } = environment;
    const applicationSeq = request.app === undefined ? null : await applicationIn(parts, environment, request.app);
    return recorded(parts, "token.create", { environmentSeq, applicationSeq }, async () => {
      const name = request.name ?? "";
      const readOnly = request.readOnly ?? false;
      const wanted = { name, environmentSeq, applicationSeq, readOnly, validMs: request.expires ?? null };
      const { token, text } = await tokens.createToken(parts, wanted);
      return { result: text, changed: { tokenId: parts.ids.encode("tok_", token.seq) } };
    });
  });
}

/** Returns a table of all tokens, or one JSON object per token and line. */
export function listTokens(settings: Settings, asJson: boolean): Promise<string> {
  return withStore(settings, async ({ store, ids, clock }) => {
    const { configuration } = store;
    const environments = new Map((await configuration.environments.list()).map(({ seq, name }) => [seq, name]));
    const listed: ListedToken[] = [];
    for (const token of await configuration.tokens.list()) {
      const { applicationSeq } = token;
      const application = applicationSeq === null ? null : await configuration.applications.get(applicationSeq);
      listed.push({
        id: ids.encode("tok_", token.seq),
        name: token.name,
        environment: environments.get(token.environmentSeq) ?? "",
        application: applicationSeq === null ? null : (application?.uid ?? ids.encode("app_", applicationSeq)),
        readOnly: token.readOnly,
        scopes: tokenLimits(token),
        createdAt: timeText(token.createdAt),
        expiresAt: token.expiresAt === null ? null : timeText(token.expiresAt),
        state: stateOf(token, clock.now()),
      });
    }
    return asJson ? listed.map(printableJson).join("\n") : tableOf(listed);
  });
}

/** A token, as `token list` shows it. */
interface ListedToken {
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  /** Null means all applications. */
  readonly application: string | null;
  readonly readOnly: boolean;
  /** Null means that the token is not limited. */
  readonly scopes: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly state: string;
}

function tableOf(tokens: readonly ListedToken[]): string {
  const rows = tokens.map(({ id, name, environment, application, readOnly, scopes, createdAt, expiresAt, state }) => {
    const limits = [...(readOnly ? ["read-only"] : []), scopes?.join(",") ?? "all"].join(" ");
    return [id, name, environment, application ?? "all", limits, createdAt, expiresAt ?? "never", state];
  });
  return formatTable(["id", "name", "environment", "application", "scopes", "created", "expires", "state"], rows);
}

/** Revokes a token. Does nothing if the token is already revoked. */
export function revokeToken(settings: Settings, id: string): Promise<void> {
  return withStore(settings, async (parts) => {
    const seq = parts.ids.decode("tok_", id);
    const token = (await parts.store.configuration.tokens.list()).find((one) => one.seq === seq);
    if (token === undefined) {
      throw new CommandFailed(
        `There is no token ${JSON.stringify(id)} in ${storePlace(settings)}. Run \`boathook token list\` to see the ids.`,
      );
    }
    await recorded(parts, "token.revoke", token, async () => {
      await tokens.revokeToken(parts, token);
      return { result: undefined, changed: { tokenId: id } };
    });
  });
}

/** Returns where the data are, without a password. */
function storePlace({ store, dataDir }: Settings): string {
  return store === SQLITE ? dataDir : maskPassword(store);
}

/**
 * Replaces the generated root token. Returns the text of the new one and whether there was an old
 * one. Throws `SettingsError` if a root token is configured, because only the configured token is
 * valid then.
 */
export function replaceRootToken(settings: Settings): Promise<{ readonly text: string; readonly hadToken: boolean }> {
  if (settings.rootToken !== null) {
    throw new SettingsError(
      "The root token is configured by BOATHOOK_ROOT_TOKEN or the file of --config. Change it there and restart the server.",
    );
  }
  return withStore(settings, async (parts) => {
    const { seq: environmentSeq } = await ensureEnvironment(parts, defaultEnvironment);
    return recorded(parts, "token.root.rotate", { environmentSeq, applicationSeq: null }, async () => {
      const hadToken = await hasRootToken(parts);
      const text = await rotateRootToken(parts);
      removeRootTokenFile(settings.dataDir);
      return { result: { text, hadToken }, changed: {} };
    });
  });
}

/**
 * Returns the environment with this id or name. Creates the environment if the text is an unknown
 * name.
 */
async function environmentFor(parts: Parts, text: string): Promise<Environment> {
  const { environments } = parts.store.configuration;
  const seq = parts.ids.decode("org_", text);
  const found = seq === null ? await environments.named(text) : await environments.get(seq);
  if (found !== null) return found;
  if (text.startsWith("org_")) {
    throw new CommandFailed(
      `There is no environment with the id ${JSON.stringify(text)}. Give --environment another id, or a name.`,
    );
  }
  const problem = uidProblem(text, "org_");
  if (problem !== null)
    throw new CommandFailed(
      `The environment ${JSON.stringify(text)} does not exist and cannot be created with this name. ${problem}`,
    );
  return ensureEnvironment(parts, text);
}

async function applicationIn({ store, ids }: Parts, environment: Environment, text: string): Promise<Seq> {
  const seq = ids.decode("app_", text);
  const found = await store.configuration.applications.find(environment.seq, seq === null ? { uid: text } : { seq });
  if (found === null) {
    throw new CommandFailed(
      `There is no application ${JSON.stringify(text)} in the environment ${environment.name}. Give --app an id or uid, and --environment its environment.`,
    );
  }
  return found.seq;
}

function stateOf(token: Token, now: number): string {
  if (token.revokedAt !== null) return "revoked";
  return token.expiresAt !== null && token.expiresAt <= now ? "expired" : "active";
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
