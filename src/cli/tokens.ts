import { randomBytes, randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import type { Settings } from "../config/index.ts";
import { IdCodec, type Seq, type SeqSource } from "../core/id.ts";
import { uidProblem } from "../core/rule.ts";
import { tokenBytes, tokenHash, tokenHint, tokenLimits, tokenText } from "../core/token.ts";
import { systemClock } from "../edge/clock.ts";
import type { Environment, Store, Token } from "../store/index.ts";
import { openStore } from "../store/sqlite/index.ts";
import { CommandFailed } from "./exit-code.ts";
import { formatTable } from "./table.ts";

/** What `token create` was asked for. */
export interface TokenRequest {
  readonly name?: string;
  /** A name, or the id of an environment that exists. */
  readonly environment: string;
  /** An application's id or uid; undefined: a token for the whole environment. */
  readonly app?: string;
  /** How long it is valid, in ms; undefined: for ever. */
  readonly expires?: number;
}

/** Makes a token and returns its text, of which only the SHA-256 is stored. */
export function createToken(settings: Settings, request: TokenRequest): Promise<string> {
  return withStore(settings, async ({ store, ids, seqs }) => {
    const now = Date.now();
    const environment = await environmentFor(store, ids, seqs, request.environment);
    const applicationSeq = request.app === undefined ? null : await applicationIn(store, ids, environment, request.app);
    const text = tokenText(randomBytes(tokenBytes));
    const token: Token = {
      seq: seqs.next(),
      name: request.name ?? "",
      environmentSeq: environment.seq,
      applicationSeq,
      capabilities: null,
      scopes: null,
      featureFlags: [],
      sessionId: null,
      hint: tokenHint(text),
      createdAt: now,
      expiresAt: request.expires === undefined ? null : now + request.expires,
      revokedAt: null,
    };
    await audited({ store, ids, seqs }, "token.create", token, () =>
      store.configuration.tokens.create(token, tokenHash(text)),
    );
    return text;
  });
}

/** A table of all tokens; their texts are not known any more. */
export function listTokens(settings: Settings): Promise<string> {
  requireData(settings);
  return withStore(settings, async ({ store, ids }) => {
    const environments = new Map((await store.configuration.environments.list()).map((one) => [one.seq, one.name]));
    const now = Date.now();
    const rows: string[][] = [];
    for (const token of await store.configuration.tokens.list()) {
      rows.push([
        ids.encode("tok_", token.seq),
        token.name,
        environments.get(token.environmentSeq) ?? "",
        await applicationName(store, ids, token.applicationSeq),
        tokenLimits(token)?.join(",") ?? "all",
        timeText(token.createdAt),
        token.expiresAt === null ? "never" : timeText(token.expiresAt),
        stateOf(token, now),
      ]);
    }
    return formatTable(["id", "name", "environment", "application", "scopes", "created", "expires", "state"], rows);
  });
}

/** Revoking what has been revoked changes nothing. */
export function revokeToken(settings: Settings, id: string): Promise<void> {
  requireData(settings);
  return withStore(settings, async (opened) => {
    const { store, ids } = opened;
    const seq = ids.decode("tok_", id);
    const token = (await store.configuration.tokens.list()).find((one) => one.seq === seq);
    if (token === undefined)
      throw new CommandFailed(`There is no token ${JSON.stringify(id)} in ${settings.dataDir}; see token list.`);
    await audited(opened, "token.revoke", token, () => store.configuration.tokens.revoke(token.seq, Date.now()));
  });
}

/** Does it, and writes it down in the same commit. */
async function audited(
  { store, ids, seqs }: Opened,
  action: string,
  token: Token,
  work: () => Promise<unknown>,
): Promise<void> {
  const { environmentSeq, applicationSeq } = token;
  const subject = {
    tokenId: ids.encode("tok_", token.seq),
    ...(applicationSeq !== null && { appId: ids.encode("app_", applicationSeq) }),
  };
  const actor = { kind: "command", id: null, name: null } as const;
  const entry = { seq: seqs.next(), environmentSeq, actor, action, subject, done: true, at: Date.now() };
  await store.together(() => [store.configuration.audit.end(entry), work()]);
}

interface Opened {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
}

async function withStore<Result>(settings: Settings, use: (opened: Opened) => Promise<Result>): Promise<Result> {
  const store = await openStore({
    dataDir: settings.dataDir,
    sync: settings.sync,
    encryptionKey: settings.encryptionKey,
    clock: systemClock,
    onFact() {},
    exclusive: false,
  });
  try {
    const seqs = store.numbers;
    // A server on the same data gives out numbers of the same milliseconds, from the first one on: begin elsewhere.
    seqs.take(randomInt(1, 2048));
    return await use({ store, ids: new IdCodec(store.idSeed), seqs });
  } finally {
    await store.close();
  }
}

/** Looking at data must not make any: a wrong path is an error. */
function requireData(settings: Settings): void {
  if (!existsSync(settings.dataDir)) {
    throw new CommandFailed(
      `The data directory ${JSON.stringify(settings.dataDir)} does not exist; --data-dir names another.`,
    );
  }
}

async function environmentFor(store: Store, ids: IdCodec, seqs: SeqSource, text: string): Promise<Environment> {
  if (text.startsWith("org_")) {
    const seq = ids.decode("org_", text);
    const found = seq === null ? null : await store.configuration.environments.get(seq);
    if (found === null) throw new CommandFailed(`There is no environment with the id ${JSON.stringify(text)}.`);
    return found;
  }
  if (uidProblem(text, "org_") !== null) {
    throw new CommandFailed(
      `The environment ${JSON.stringify(text)} wants a name of 1 to 256 of the characters a-z, A-Z, 0-9, -, _ and . instead.`,
    );
  }
  return store.configuration.environments.ensure({ seq: seqs.next(), name: text, createdAt: Date.now() });
}

async function applicationIn(store: Store, ids: IdCodec, environment: Environment, text: string): Promise<Seq> {
  const seq = ids.decode("app_", text);
  const found = await store.configuration.applications.find(environment.seq, seq === null ? { uid: text } : { seq });
  if (found === null) {
    throw new CommandFailed(`There is no application ${JSON.stringify(text)} in the environment ${environment.name}.`);
  }
  return found.seq;
}

async function applicationName(store: Store, ids: IdCodec, seq: Seq | null): Promise<string> {
  if (seq === null) return "all";
  const application = await store.configuration.applications.get(seq);
  return application?.uid ?? ids.encode("app_", seq);
}

function stateOf(token: Token, now: number): string {
  if (token.revokedAt !== null) return "revoked";
  return token.expiresAt !== null && token.expiresAt <= now ? "expired" : "active";
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
