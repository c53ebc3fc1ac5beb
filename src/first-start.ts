import { createHash } from "node:crypto";
import { ROOT_TOKEN_META } from "./api/identity/auth.ts";
import type { Seq, SeqSource } from "./core/id.ts";
import { plainApplication } from "./core/resources/application.ts";
import { plainEndpoint } from "./core/resources/endpoint.ts";
import { generateSecret, secretBytes } from "./core/signature.ts";
import type { Clock, Random } from "./ports.ts";
import type { Store } from "./store/index.ts";

/** What a newcomer needs to know once. */
export interface FirstStart {
  /** The generated root token; null when one is configured. */
  readonly rootToken: string | null;
  /** Id or uid of the application that was made for trying out. */
  readonly demoApplication: string;
}

interface Parts {
  readonly store: Store;
  readonly seqs: SeqSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the default environment. */
  readonly environmentSeq: Seq;
  readonly rootToken: string | null;
  readonly publicUrl: string;
}

const DEMO = "demo";
const DONE_META = "first-start";

/**
 * On a fresh data directory: a root token, unless one is configured, and an application to try out with, whose endpoint is a built-in
 * inbox. Null when that was done before.
 */
export async function prepareFirstStart(parts: Parts): Promise<FirstStart | null> {
  const { store, clock } = parts;
  if ((await store.housekeeping.meta.get(DONE_META)) !== null) return null;
  const rootToken = parts.rootToken === null ? await makeRootToken(parts) : null;
  await makeDemo(parts);
  await store.housekeeping.meta.set(DONE_META, new Date(clock.now()).toISOString());
  return { rootToken, demoApplication: DEMO };
}

async function makeRootToken({ store, random }: Parts): Promise<string> {
  const token = `bhroot_${Buffer.from(random.bytes(32)).toString("base64url")}`;
  await store.housekeeping.meta.set(ROOT_TOKEN_META, createHash("sha256").update(token).digest("hex"));
  return token;
}

async function makeDemo({ store, seqs, clock, random, environmentSeq, publicUrl }: Parts): Promise<void> {
  const now = clock.now();
  const applicationSeq = seqs.next();
  await store.configuration.applications.create({
    ...plainApplication({ seq: applicationSeq, environmentSeq, name: "Demo", now }),
    uid: DEMO,
  });
  const url = `${publicUrl}/inbox/${Buffer.from(random.bytes(18)).toString("base64url")}`;
  const endpoint = plainEndpoint({ seq: seqs.next(), applicationSeq, url, now });
  const secret = generateSecret(random.bytes(secretBytes));
  await store.configuration.endpoints.create({ ...endpoint, description: "The built-in inbox" }, secret);
}
