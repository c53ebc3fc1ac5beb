import { type AuditSubject, audited } from "../../commands/audit.ts";
import type { CommandContext } from "../../commands/context.ts";
import type { IdCodec, IdPrefix, Seq } from "../../core/id.ts";
import type { AuditActor, Key } from "../../store/index.ts";
import type { Identity } from "../identity/identity.ts";
import type { Operation } from "./operation.ts";
import type { Reply } from "./reply.ts";

type Params = Readonly<Record<string, string>>;

/** Fields of an audit subject, by the prefix of the ids that they hold. */
const NAME_OF_PREFIX: ReadonlyArray<readonly [prefix: IdPrefix, name: string]> = [
  ["app_", "appId"],
  ["ep_", "endpointId"],
  ["org_", "environmentId"],
  ["tok_", "tokenId"],
  ["qtask_", "taskId"],
  ["msg_", "msgId"],
  ["src_", "sourceId"],
  ["sess_", "sessionId"],
];
/** Path parameters that have a different name in an audit subject. */
const NAME_OF_PARAM: Readonly<Record<string, string>> = { env_id: "environmentId", key_id: "tokenId" };
/** Maximum length of a name in a path. No record has a longer name. */
const NAME_CHARS_MAX = 256;

/** Returns whether the audit log records this operation. */
export function isAudited({ method, access, audited }: Operation): boolean {
  return method !== "GET" && method !== "HEAD" && access !== "public" && audited !== false;
}

/** Records calls of operations in the audit log. */
export class AuditTrail {
  constructor(private readonly parts: Pick<CommandContext, "store" | "ids" | "seqs" | "clock">) {}

  /**
   * Runs `work`, which handles a call of the operation `action`, and records the changes that the
   * call made.
   */
  async record<Answer extends Reply | Response>(
    action: string,
    identity: Identity,
    params: Params,
    work: () => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const subject = await this.#subjectOf(identity, params);
    const actor = actorOf(identity, this.parts.ids);
    return audited(this.parts, { environmentSeq: identity.environmentSeq, actor, action, subject }, async () => {
      const answer = await work();
      return { result: answer, changed: changedBy(answer) };
    });
  }

  /**
   * Returns the subject of a call. The subject contains ids instead of the uids in the path,
   * because a uid may later belong to another record.
   */
  async #subjectOf(identity: Identity, params: Params): Promise<AuditSubject> {
    const subject: Record<string, string> = {};
    for (const [name, text] of Object.entries(params)) {
      subject[NAME_OF_PARAM[name] ?? camelCase(name)] = text.slice(0, NAME_CHARS_MAX);
    }
    const applicationSeq = await this.#applicationOf(identity, params, subject);
    if (applicationSeq === null || params.endpoint_id === undefined) return subject;
    const { endpoints } = this.parts.store.configuration;
    const endpoint = await endpoints.find(applicationSeq, this.#key("ep_", params.endpoint_id));
    if (endpoint !== null) subject.endpointId = this.parts.ids.encode("ep_", endpoint.seq);
    return subject;
  }

  /** Returns the application or source in a path, and replaces its uid in `subject` by its id. */
  async #applicationOf(
    { environmentSeq }: Identity,
    { app_id: app, source_id: source }: Params,
    subject: Record<string, string>,
  ): Promise<Seq | null> {
    const { applications, sources } = this.parts.store.configuration;
    if (app !== undefined) {
      const application = await applications.find(environmentSeq, this.#key("app_", app));
      if (application !== null) subject.appId = this.parts.ids.encode("app_", application.seq);
      return application?.seq ?? null;
    }
    const found = source === undefined ? null : await sources.find(environmentSeq, this.#key("src_", source));
    if (found !== null) subject.sourceId = this.parts.ids.encode("src_", found.seq);
    return found?.applicationSeq ?? null;
  }

  #key(prefix: IdPrefix, text: string): Key {
    const seq = this.parts.ids.decode(prefix, text);
    return seq === null ? { uid: text } : { seq };
  }
}

/** Returns the caller with its current name. */
export function actorOf({ credential }: Identity, ids: IdCodec): AuditActor {
  if (credential.kind === "token") {
    return { kind: "token", id: ids.encode("tok_", credential.seq), name: credential.name };
  }
  if (credential.kind === "user") return { kind: "user", id: credential.id, name: credential.name };
  if (credential.kind === "jwt") return { kind: "jwt", id: credential.subject, name: null };
  return { kind: "root", id: null, name: null };
}

/** Returns the ids of the records that a call changed, or null if it changed nothing. */
function changedBy(answer: Reply | Response): AuditSubject | null {
  if (answer instanceof Response) return {};
  const { changed = {}, body } = answer;
  return changed === null ? null : { ...idIn(body), ...changed };
}

/**
 * Returns the `id` in a response as an audit subject. The subject is empty if the response has no
 * `id` of a known kind.
 */
function idIn(body: string): AuditSubject {
  const id = body === "" ? undefined : (JSON.parse(body) as { id?: unknown }).id;
  if (typeof id !== "string") return {};
  const name = NAME_OF_PREFIX.find(([prefix]) => id.startsWith(prefix))?.[1];
  return name === undefined ? {} : { [name]: id };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
