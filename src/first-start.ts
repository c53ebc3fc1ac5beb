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
 * Prepares a fresh data directory: generates a root token unless one is configured, and makes a demo application whose
 * endpoint is a built-in inbox. All of it is one commit, so that a start that is cut off is repeated as a whole. Returns
 * null if it was done before.
 */
export async function prepareFirstStart(parts: Parts): Promise<FirstStart | null> {
  const { store, clock, environmentSeq } = parts;
  const { meta } = store.housekeeping;
  if ((await meta.get(DONE_META)) !== null) return null;
  const hasDemo = (await store.configuration.applications.find(environmentSeq, { uid: DEMO })) !== null;
  const rootToken = parts.rootToken === null ? newRootToken(parts) : null;
  await store.together((): Promise<unknown>[] => [
    ...(rootToken === null ? [] : [meta.set(ROOT_TOKEN_META, createHash("sha256").update(rootToken).digest("hex"))]),
    ...(hasDemo ? [] : makeDemo(parts)),
    meta.set(DONE_META, new Date(clock.now()).toISOString()),
  ]);
  return { rootToken, demoApplication: DEMO };
}

function newRootToken({ random }: Parts): string {
  return `bhroot_${Buffer.from(random.bytes(32)).toString("base64url")}`;
}

function makeDemo({ store, seqs, clock, random, environmentSeq, publicUrl }: Parts): Promise<unknown>[] {
  const now = clock.now();
  const applicationSeq = seqs.next();
  const plain = plainApplication({ seq: applicationSeq, environmentSeq, name: "Demo", now });
  const url = `${publicUrl}/inbox/${Buffer.from(random.bytes(18)).toString("base64url")}`;
  const endpoint = plainEndpoint({ seq: seqs.next(), applicationSeq, url, now });
  const secret = generateSecret(random.bytes(secretBytes));
  const { applications, endpoints } = store.configuration;
  return [
    applications.create({ ...plain, uid: DEMO }),
    endpoints.create({ ...endpoint, description: "The built-in inbox" }, secret),
  ];
}
