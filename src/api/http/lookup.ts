import type { IdCodec, IdPrefix } from "../../core/id.ts";
import { notFound } from "../../core/problem.ts";
import { uidProblem } from "../../core/rule.ts";
import { checkDeparted } from "../../store/departed.ts";
import type { ApplicationEntry, Directory } from "../../store/directory.ts";
import type { Application, Endpoint, Key, KnownMessage, Message, Source, Store } from "../../store/index.ts";
import type { Identity } from "../identity/auth.ts";

/**
 * Finds the records that a path contains by id or uid. Records of an environment or application
 * that the caller cannot access are treated as missing.
 */
export class Lookup {
  constructor(
    readonly store: Store,
    private readonly ids: IdCodec,
    private readonly directory: Directory,
  ) {}

  key(prefix: IdPrefix, text: string): Key {
    const seq = this.ids.decode(prefix, text);
    return seq === null ? { uid: text } : { seq };
  }

  async application(identity: Identity, text: string): Promise<Application> {
    return (await this.applicationOrNull(identity, text)) ?? fail("Application not found");
  }

  /** Throws 421 if the application has moved to another installation, and 503 while it is moving. */
  async applicationOrNull(identity: Identity, text: string): Promise<Application | null> {
    const found = await this.movable(identity, text);
    const { environmentSeq, applicationSeq } = identity;
    if (found === null) await checkDeparted(this, environmentSeq, this.key("app_", text), applicationSeq);
    else this.directory.checkServed(found.seq);
    return found;
  }

  /** Returns an application even if requests for it are refused because it is moving. */
  async movable(identity: Identity, text: string): Promise<Application | null> {
    const found = await this.store.configuration.applications.find(identity.environmentSeq, this.key("app_", text));
    return found !== null && maySee(identity, found) ? found : null;
  }

  /**
   * Returns the data that is needed to send messages to an application, or null if there is no such
   * application. Returns a promise only if the application is not cached.
   */
  entry(identity: Identity, text: string): ApplicationEntry | null | Promise<ApplicationEntry | null> {
    return this.directory.application(identity.environmentSeq, this.key("app_", text));
  }

  /** Finds a source. A token for one application sees only the source that it stands behind. */
  async source(identity: Identity, text: string): Promise<Source> {
    const found = await this.store.configuration.sources.find(identity.environmentSeq, this.key("src_", text));
    if (found === null || !maySee(identity, { seq: found.applicationSeq })) throw notFound("Source not found");
    return found;
  }

  async endpoint(application: Pick<Application, "seq">, text: string): Promise<Endpoint> {
    return (await this.endpointOrNull(application, text)) ?? fail("Endpoint not found");
  }

  endpointOrNull(application: Pick<Application, "seq">, text: string): Promise<Endpoint | null> {
    return this.store.configuration.endpoints.find(application.seq, this.key("ep_", text));
  }

  /** Finds the application and the endpoint in a path. */
  async both(
    identity: Identity,
    app: string,
    endpoint: string,
  ): Promise<{ application: Application; endpoint: Endpoint }> {
    const application = await this.application(identity, app);
    return { application, endpoint: await this.endpoint(application, endpoint) };
  }

  /** Finds the application and the message in a path, without reading the message's content. */
  async knownMessage(
    identity: Identity,
    app: string,
    text: string,
  ): Promise<{ application: Application; message: KnownMessage }> {
    const application = await this.application(identity, app);
    const message = await this.store.history.messages.known(application.seq, this.key("msg_", text));
    return { application, message: message ?? fail("Message not found") };
  }

  async message(
    identity: Identity,
    app: string,
    text: string,
  ): Promise<{ application: Application; message: Message }> {
    const application = await this.application(identity, app);
    const message = await this.store.history.messages.find(application.seq, this.key("msg_", text));
    return { application, message: message ?? fail("Message not found") };
  }
}

function maySee(identity: Identity, application: Pick<Application, "seq">): boolean {
  return identity.applicationSeq === null || identity.applicationSeq === application.seq;
}

/**
 * Returns the uid that a path gives to a new record. Returns null if the text looks like an id,
 * which cannot be a uid.
 */
export function uidOfPath(prefix: IdPrefix, text: string): string | null {
  return uidProblem(text, prefix) === null ? text : null;
}

/**
 * Returns the uid that a PUT gives to its record: the uid in the body, or the one in the path if
 * the body has none. If the path contains an id and the body has no uid, the PUT removes the uid.
 */
export function uidOfPut(prefix: IdPrefix, text: string, sent: { readonly uid?: string | null }): string | null {
  return sent.uid === undefined ? uidOfPath(prefix, text) : sent.uid;
}

function fail(detail: string): never {
  throw notFound(detail);
}
