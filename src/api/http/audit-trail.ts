import type { IdCodec, IdPrefix, SeqSource } from "../../core/id.ts";
import { Invalid, Problem } from "../../core/problem.ts";
import type { Clock } from "../../ports.ts";
import type { AuditActor, AuditEntry, Key, Store } from "../../store/index.ts";
import type { Identity } from "../identity/identity.ts";
import type { Operation } from "./operation.ts";
import type { Reply } from "./reply.ts";

type Subject = Readonly<Record<string, string>>;
type Params = Readonly<Record<string, string>>;

/** The kinds of things that answers name by an `id`. */
const NAME_OF_PREFIX: ReadonlyArray<readonly [prefix: IdPrefix, name: string]> = [
  ["app_", "appId"],
  ["ep_", "endpointId"],
  ["org_", "environmentId"],
  ["tok_", "tokenId"],
  ["qtask_", "taskId"],
  ["msg_", "msgId"],
];
/** Path parameters whose name does not say what they name. */
const NAME_OF_PARAM: Readonly<Record<string, string>> = { env_id: "environmentId", key_id: "tokenId" };
/** Longer ones name nothing that exists. */
const NAME_CHARS_MAX = 256;

/** Is this one of the operations whose doing is written down? */
export function isAudited({ method, access, audited }: Operation): boolean {
  return method !== "GET" && method !== "HEAD" && access !== "public" && audited !== false;
}

interface Deps {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly seqs: SeqSource;
  readonly clock: Clock;
}

/**
 * Writes down who changed what. An entry is begun before the change and stored no later than it; when the change has been
 * made the entry is finished, when it was refused the entry goes. So a crash at any moment leaves at most an entry of
 * which it is not known whether the change was made, and never a change without an entry.
 */
export class AuditTrail {
  readonly #store: Store;
  readonly #ids: IdCodec;
  readonly #seqs: SeqSource;
  readonly #clock: Clock;

  constructor({ store, ids, seqs, clock }: Deps) {
    this.#store = store;
    this.#ids = ids;
    this.#seqs = seqs;
    this.#clock = clock;
  }

  /** Does the work and writes it down. Fails only as the work does. */
  async record<Answer extends Reply | Response>(
    action: string,
    identity: Identity,
    params: Params,
    work: () => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const subject = await this.#subjectOf(identity, params);
    const entry: AuditEntry = {
      seq: this.#seqs.next(),
      environmentSeq: identity.environmentSeq,
      actor: actorOf(identity, this.#ids),
      action,
      subject,
      done: false,
      at: this.#clock.now(),
    };
    // What `work` writes is stored together with this or later. If this cannot be stored, neither can that, or else the
    // end of the entry stores the whole of it.
    this.#store.configuration.audit.begin(entry).catch(ignore);
    try {
      const answer = await work();
      await this.#finish(entry, answer);
      return answer;
    } catch (error) {
      if (isRefusal(error)) this.#store.configuration.audit.drop(entry.seq).catch(ignore);
      throw error;
    }
  }

  async #finish(entry: AuditEntry, answer: Reply | Response): Promise<void> {
    const { changed = {}, body = "" } = answer instanceof Response ? {} : answer;
    if (changed === null) {
      this.#store.configuration.audit.drop(entry.seq).catch(ignore);
      return;
    }
    const subject = { ...entry.subject, ...idIn(body), ...changed };
    // The change has been made: when this fails, the entry stands as begun.
    await this.#store.configuration.audit.end({ ...entry, subject, done: true }).catch(ignore);
  }

  /** Ids in place of the uids that stand in the path: those may name something else tomorrow. */
  async #subjectOf(identity: Identity, params: Params): Promise<Subject> {
    const subject: Record<string, string> = {};
    for (const [name, text] of Object.entries(params)) {
      subject[NAME_OF_PARAM[name] ?? camelCase(name)] = text.slice(0, NAME_CHARS_MAX);
    }
    const { applications, endpoints } = this.#store.configuration;
    if (params.app_id === undefined) return subject;
    const application = await applications.find(identity.environmentSeq, this.#key("app_", params.app_id));
    if (application === null) return subject;
    subject.appId = this.#ids.encode("app_", application.seq);
    if (params.endpoint_id === undefined) return subject;
    const endpoint = await endpoints.find(application.seq, this.#key("ep_", params.endpoint_id));
    if (endpoint !== null) subject.endpointId = this.#ids.encode("ep_", endpoint.seq);
    return subject;
  }

  #key(prefix: IdPrefix, text: string): Key {
    const seq = this.#ids.decode(prefix, text);
    return seq === null ? { uid: text } : { seq };
  }
}

/** Who it was, as it is called now. */
function actorOf({ credential }: Identity, ids: IdCodec): AuditActor {
  if (credential.kind === "token") {
    return { kind: "token", id: ids.encode("tok_", credential.seq), name: credential.name };
  }
  if (credential.kind === "jwt") return { kind: "jwt", id: credential.subject, name: null };
  return { kind: "root", id: null, name: null };
}

/** What the answer is about, when that has an id. */
function idIn(body: string): Subject {
  const id = body === "" ? undefined : (JSON.parse(body) as { id?: unknown }).id;
  if (typeof id !== "string") return {};
  const name = NAME_OF_PREFIX.find(([prefix]) => id.startsWith(prefix))?.[1];
  return name === undefined ? {} : { [name]: id };
}

/** Nothing was done. Other errors may come after half of it was. */
function isRefusal(error: unknown): boolean {
  return error instanceof Invalid || (error instanceof Problem && error.status < 500);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function ignore(): void {}
