import type { Seq } from "../core/id.ts";
import { plainApplication } from "../core/resources/application.ts";
import { plainEndpoint } from "../core/resources/endpoint.ts";
import { generateSecret, secretBytes } from "../core/signature.ts";
import { rootTokenMeta, rootTokenText, tokenBytes, tokenHash } from "../core/token.ts";
import { GroupUndone } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { hasRootToken } from "./root-token.ts";

/** The records that are created by a first start without a configured root token. */
export interface FirstStart {
  /** The generated root token. Only its hash is stored. */
  readonly rootToken: string;
  /** Uid of the demo application. */
  readonly demoApplication: string;
}

interface Wanted {
  /** The default environment. */
  readonly environmentSeq: Seq;
  /** The configured root token. Null generates one and creates the demo application. */
  readonly rootToken: string | null;
  /** This server's public URL, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Gives a generated root token to the operator before the token becomes valid. An interrupted
   * first start is repeated with another token, so it never leaves a valid token that nobody knows.
   */
  readonly handOver: (rootToken: string) => void | Promise<void>;
}

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "random">;

const DEMO = "demo";
const DONE_META = "first-start";
/** Number of random bytes in the name of an inbox. The name must be as hard to guess as a token. */
const INBOX_BYTES = 18;

/**
 * Prepares a new data directory: generates a root token, and creates a demo application whose
 * endpoint is a built-in inbox. All of this is one commit, so an interrupted start is repeated as a
 * whole. If a root token is configured, the installation is not a trial, so nothing is created. If
 * a root token is stored, an operator has created it after a start that failed. It stays valid, and
 * nothing is created. Returns null if nothing is created or the directory was already prepared.
 */
export async function prepareFirstStart(parts: Parts, wanted: Wanted): Promise<FirstStart | null> {
  const { store, clock, random } = parts;
  const { meta } = store.housekeeping;
  if ((await meta.get(DONE_META)) !== null) return null;
  const markDone = () => meta.set(DONE_META, new Date(clock.now()).toISOString());
  if (wanted.rootToken !== null || (await hasRootToken({ store }))) {
    await markDone();
    return null;
  }
  const rootToken = rootTokenText(random.bytes(tokenBytes));
  await wanted.handOver(rootToken);
  const create = async (): Promise<void> => {
    const demo = await store.configuration.applications.find(wanted.environmentSeq, { uid: DEMO });
    try {
      await store.together((): Promise<unknown>[] => [
        meta.set(rootTokenMeta, tokenHash(rootToken).toString("hex")),
        ...(demo === null ? createDemo(parts, wanted) : []),
        markDone(),
      ]);
    } catch (error) {
      // A client has just created an application with this uid. The next call will find that
      // application.
      if (error instanceof GroupUndone && demo === null) return create();
      throw error;
    }
  };
  await create();
  return { rootToken, demoApplication: DEMO };
}

/** Begins the writes that create the demo application. */
function createDemo({ store, seqs, clock, random }: Parts, { environmentSeq, publicUrl }: Wanted): Promise<unknown>[] {
  const now = clock.now();
  const applicationSeq = seqs.next();
  const application = plainApplication({ seq: applicationSeq, environmentSeq, name: "Demo", now });
  const url = `${publicUrl}/inbox/${Buffer.from(random.bytes(INBOX_BYTES)).toString("base64url")}`;
  const endpoint = plainEndpoint({ seq: seqs.next(), applicationSeq, url, now });
  const secret = generateSecret(random.bytes(secretBytes));
  const { applications, endpoints } = store.configuration;
  return [
    applications.create({ ...application, uid: DEMO }),
    endpoints.create({ ...endpoint, description: "The built-in inbox" }, secret),
  ];
}
