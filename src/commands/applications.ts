import type { Seq } from "../core/id.ts";
import { conflict, notFound, type Problem } from "../core/problem.ts";
import { plainApplication } from "../core/resources/application.ts";
import { checkDeparted } from "../store/departed.ts";
import { type Application, type AuditActor, GroupUndone, type Key } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { type FoundOrCreated, findOrCreate } from "./find-or-create.ts";
import { applicationChanged, endpointDeleted } from "./publish.ts";

/** Number of deleted endpoints that are announced in one turn of the event loop. */
const ANNOUNCED_AT_ONCE = 25;

type CreateParts = Pick<CommandContext, "store" | "seqs" | "clock" | "signals">;
type ChangeParts = Pick<CommandContext, "store" | "clock" | "signals">;

/** The settings of an application that clients may change. */
export type ApplicationSettings = Pick<Application, "uid" | "name" | "throttleRate" | "metadata"> &
  Partial<Pick<Application, "quota">>;

/** A function that returns the fields to change. */
export type ApplicationChange = (before: Application) => Partial<Application>;

/** Creates an application. Throws 409 if the uid is taken. */
export async function createApplication(
  parts: CreateParts,
  environmentSeq: Seq,
  settings: ApplicationSettings,
): Promise<Application> {
  const application = await createUnlessTaken(parts, environmentSeq, settings);
  if (application === null) throw uidTaken();
  return application;
}

/** Returns the application with this uid. Creates it if it does not exist. */
export async function ensureApplication(
  parts: CreateParts,
  environmentSeq: Seq,
  settings: ApplicationSettings & { readonly uid: string },
): Promise<FoundOrCreated<Application>> {
  const { applications } = parts.store.configuration;
  const found = await findOrCreate(
    () => applications.find(environmentSeq, { uid: settings.uid }),
    () => createUnlessTaken(parts, environmentSeq, settings),
  );
  if (found === null) throw uidTaken();
  return found;
}

/**
 * Changes the application with this key, or creates it with `settings` if it does not exist. Throws
 * 404 if it does not exist and `settings` is null or if it stands behind a source, and 409 if the uid
 * is taken.
 */
export async function putApplication(
  parts: CreateParts,
  environmentSeq: Seq,
  key: Key,
  { settings, change }: { readonly settings: ApplicationSettings | null; readonly change: ApplicationChange },
): Promise<FoundOrCreated<Application>> {
  const { applications } = parts.store.configuration;
  const found = await findOrCreate(
    () => applications.find(environmentSeq, key),
    async () => {
      if (settings === null) throw noApplication();
      return createUnlessTaken(parts, environmentSeq, settings);
    },
  );
  if (found === null) throw uidTaken();
  if (found.created) return found;
  return { value: await changeApplication(parts, found.value.seq, change), created: false };
}

/**
 * An application to create if it does not exist, and the change that the audit log then records.
 */
export interface OnDemandApplication {
  readonly settings: ApplicationSettings & { readonly uid: string };
  /** The actor that the audit log records. */
  readonly actor: AuditActor;
  readonly action: string;
}

/** Creates an application and its audit entry in one commit. Does nothing if the uid is taken. */
export async function createOnDemand(
  parts: CreateParts & Pick<CommandContext, "ids">,
  environmentSeq: Seq,
  { settings, actor, action }: OnDemandApplication,
): Promise<void> {
  const { store, seqs, ids } = parts;
  const application = newApplication(parts, environmentSeq, settings);
  const subject = { appId: ids.encode("app_", application.seq) };
  const at = application.createdAt;
  const entry = { seq: seqs.next(), environmentSeq, actor, action, subject, done: true, at };
  const { applications, audit } = store.configuration;
  try {
    await store.together(() => [applications.create(application), audit.end(entry)]);
  } catch (error) {
    if (error instanceof GroupUndone) return;
    throw error;
  }
  applicationChanged(parts, application);
}

/**
 * Applies `change` to an application. Throws 404 if the application does not exist or stands behind a
 * source, 409 if the uid is taken, and any error that `change` throws.
 */
export async function changeApplication(parts: ChangeParts, seq: Seq, change: ApplicationChange): Promise<Application> {
  const updatedAt = parts.clock.now();
  const { applications } = parts.store.configuration;
  const update = await applications.update(seq, (before) => {
    checkOwn(before);
    return { ...change(before), updatedAt };
  });
  if (update === "gone") throw noApplication();
  if (update === "taken") throw uidTaken();
  applicationChanged(parts, update.after, update.before);
  return update.after;
}

/**
 * Deletes an application with its endpoints, cancels their pending deliveries, and frees the
 * application's uid. Throws 404 if the application stands behind a source.
 */
export async function deleteApplication(
  parts: ChangeParts & Pick<CommandContext, "facts">,
  application: Application,
): Promise<void> {
  checkOwn(application);
  const endpoints = await parts.store.configuration.applications.delete(application.seq, parts.clock.now());
  await applicationDeleted(parts, application, endpoints);
}

/** Announces that an application was deleted together with these endpoints. */
export async function applicationDeleted(
  parts: ChangeParts & Pick<CommandContext, "facts">,
  application: Pick<Application, "seq" | "environmentSeq" | "throttleRate">,
  endpoints: readonly Seq[],
): Promise<void> {
  applicationChanged(parts, application);
  for (const [i, seq] of endpoints.entries()) {
    if (i % ANNOUNCED_AT_ONCE === ANNOUNCED_AT_ONCE - 1)
      await new Promise<void>((resolve) => parts.clock.soon(resolve));
    endpointDeleted(parts, { seq, applicationSeq: application.seq });
  }
}

async function createUnlessTaken(
  parts: CreateParts,
  environmentSeq: Seq,
  settings: ApplicationSettings,
): Promise<Application | null> {
  // A client that still calls the old place must not get an empty application there.
  if (settings.uid !== null) await checkDeparted(parts, environmentSeq, { uid: settings.uid });
  const application = newApplication(parts, environmentSeq, settings);
  if (!(await parts.store.configuration.applications.create(application))) return null;
  applicationChanged(parts, application);
  return application;
}

function newApplication({ seqs, clock }: CreateParts, environmentSeq: Seq, settings: ApplicationSettings): Application {
  const plain = plainApplication({ seq: seqs.next(), environmentSeq, name: settings.name, now: clock.now() });
  return { ...plain, ...settings };
}

/**
 * Throws 404 if an application stands behind a source. Only the commands of sources change such
 * applications and send messages to them.
 */
export function checkOwn({ sourceSeq }: Pick<Application, "sourceSeq">): void {
  if (sourceSeq !== null) throw noApplication();
}

export function noApplication(): Problem {
  return notFound("Application not found");
}

function uidTaken(): Problem {
  return conflict("An application with that id or uid already exists");
}
