import { Type } from "@sinclair/typebox";
import { noApplication } from "../../../commands/applications.ts";
import {
  checkNoSource,
  departApplication,
  holdApplication,
  movesOf,
  readPage,
  sourceStays,
} from "../../../commands/move-origin.ts";
import { departureUrlProblem } from "../../../core/departure-url.ts";
import type { Seq } from "../../../core/id.ts";
import { checkDeparted } from "../../../store/departed.ts";
import type { MovePage } from "../../../store/index.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable, ruled } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { sealedForm } from "./page-form.ts";
import { placesAfter, wantedPage } from "./wanted-page.ts";

const MISSING_MAX = 2000;
const path = "/api/v1/app/:app_id/move";
const tag = "Application";

const MoveOut = field.object("MoveOut", {
  appId: Type.String(),
  uid: nullable(Type.String()),
  state: Type.String({ enum: ["served", "arriving", "departed", "deleted"] }),
  url: nullable(Type.String({ description: "Where the application has moved." })),
  hold: nullable(Type.String({ description: "The hold under which it has departed." })),
  schemaVersion: Type.Integer({ description: "The form of the rows in pages." }),
  now: Type.Integer({ description: "The time of this server, in ms since the Unix epoch." }),
});
const MoveHoldIn = field.object("MoveHoldIn", {
  hold: Type.Optional(nullable(Type.String({ description: "The hold to renew. Without it a hold begins." }))),
  closed: Type.Optional(Type.Boolean({ description: "Whether requests for the application are refused." })),
});
const MoveHoldOut = field.object("MoveHoldOut", { hold: Type.String(), attemptsUnderWay: Type.Integer() });
const MovePageIn = field.object("MovePageIn", {
  publicKey: Type.String({ description: "The key of the destination: DER in base64." }),
  part: Type.String({ enum: ["settings", "polled", "waiting", "messages", "keys", "history"] }),
  after: Type.Optional(nullable(Type.String({ description: "`next` of the page before." }))),
  ids: Type.Optional(Type.Array(Type.String(), { maxItems: MISSING_MAX, description: "The messages to read." })),
});
const MovePageOut = field.object("MovePageOut", {
  sealed: Type.String({ description: "The page, which only the destination can open." }),
  count: Type.Integer({ description: "Number of deliveries or messages in the page." }),
  next: nullable(Type.String({ description: "Null after the last page." })),
  later: nullable(
    Type.String({ description: "`after` for the keys that are stored later. Null unless the page has keys." }),
  ),
});
const MoveDepartIn = field.object("MoveDepartIn", {
  hold: Type.String({ minLength: 1 }),
  url: ruled(Type.String({ maxLength: 2000 }), departureUrlProblem, { description: "The URL of the destination." }),
});

const holdExample = { hold: "6f0e8b7a-4c1d-4f57-9a55-3f2d1b0c9e8a", attemptsUnderWay: 0 };

/**
 * Defines the operations that `boathook move-app` calls at the server that an application leaves. They
 * are not documented, because they may change with every version.
 */
export function moveOriginRoutes(context: Context): Operation[] {
  const { lookup, ids, clock, moveHolds, store } = context;
  const toMove = async (identity: Identity, app: string) => {
    const found = await lookup.movable(identity, app);
    if (found !== null) return found;
    await checkDeparted(context, identity.environmentSeq, lookup.key("app_", app));
    throw noApplication();
  };
  /** Returns the problem with a name that no application has. It may be that of a source. */
  const unknownApplication = async ({ environmentSeq }: Identity, name: string) => {
    const source = await store.configuration.sources.find(environmentSeq, lookup.key("src_", name));
    return source === null ? noApplication() : sourceStays(source, ids);
  };
  const servedSeq = async (identity: Identity, app: string) => (await toMove(identity, app)).seq;
  /** Returns the number of an application that is here or has departed. */
  const seqOf = async (identity: Identity, app: string): Promise<Seq> => {
    const departure = await store.moves?.origin.departure(identity.environmentSeq, lookup.key("app_", app));
    return departure?.applicationSeq ?? (await toMove(identity, app)).seq;
  };
  return [
    operation({
      id: "application.move",
      method: "GET",
      path,
      tag,
      summary: "Get whether an application has moved",
      access: "root",
      hidden: true,
      responses: {
        200: {
          description: "The state of the application.",
          schema: MoveOut,
          example: {
            ...{ appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", uid: "acme", state: "served", url: null, hold: null },
            ...{ schemaVersion: 48, now: 1767225600000 },
          },
        },
      },
      problems: [404, 409],
      async handle({ identity, params }) {
        const { schemaVersion, origin, destination } = movesOf(context);
        const about = { schemaVersion, now: clock.now() };
        const found = await lookup.movable(identity, params.app_id);
        if (found !== null) {
          await checkNoSource(context, found);
          const { seq, uid } = found;
          const state = destination.arriving.has(seq) ? "arriving" : "served";
          return reply(200, { appId: ids.encode("app_", seq), uid, state, url: null, hold: null, ...about });
        }
        const key = lookup.key("app_", params.app_id);
        const departure = await origin.departure(identity.environmentSeq, key);
        const deletedSeq = departure === null ? await origin.deleted(identity.environmentSeq, key) : null;
        if (deletedSeq !== null) {
          const appId = ids.encode("app_", deletedSeq);
          return reply(200, { appId, uid: null, state: "deleted", url: null, hold: null, ...about });
        }
        if (departure === null) throw await unknownApplication(identity, params.app_id);
        const { applicationSeq, uid, url, hold } = departure;
        return reply(200, { appId: ids.encode("app_", applicationSeq), uid, state: "departed", url, hold, ...about });
      },
    }),

    operation({
      id: "application.move-hold",
      method: "POST",
      path: `${path}/hold`,
      tag,
      summary: "Hold an application that is about to move",
      description:
        "No attempt to its endpoints starts until the hold ends. If `closed` is true, requests for the application get 503 too. A hold ends after 15 seconds unless it is renewed.",
      access: "root",
      hidden: true,
      audited: false,
      body: MoveHoldIn,
      bodyOptional: true,
      bodyExample: { closed: false },
      responses: { 200: { description: "The application is held.", schema: MoveHoldOut, example: holdExample } },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const application = await toMove(identity, params.app_id);
        const { hold = null, closed: isClosed = false } = body;
        return reply(200, await holdApplication(context, application, { hold, isClosed }));
      },
    }),

    operation({
      id: "application.move-release",
      method: "DELETE",
      path: `${path}/hold/:hold`,
      tag,
      summary: "End a hold",
      description: "The application goes on here. Does nothing if the hold has ended.",
      access: "root",
      hidden: true,
      audited: false,
      responses: { 204: { description: "The hold has ended." } },
      problems: [404],
      async handle({ identity, params }) {
        moveHolds.end((await toMove(identity, params.app_id)).seq, params.hold);
        return noContent;
      },
    }),

    operation({
      id: "application.move-page",
      method: "POST",
      path: `${path}/page`,
      tag,
      summary: "Read a page of what an application has",
      description: "The page contains all secrets of the application. It is sealed for the key of the destination.",
      access: "root",
      hidden: true,
      audited: false,
      body: MovePageIn,
      bodyExample: { publicKey: "MCowBQYDK2VuAyEAjFmzxrRcQQh2E3bE6cQbI3yNvO6iPWPyuVgX3E4Jc0I=", part: "settings" },
      responses: {
        200: {
          description: "The page.",
          schema: MovePageOut,
          example: { sealed: "MCow…", count: 1, next: null, later: null },
        },
      },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        // Only history is read after the departure: what else is here then has been deleted.
        const seq = await (body.part === "history"
          ? seqOf(identity, params.app_id)
          : servedSeq(identity, params.app_id));
        const { page, next } = await readPage(context, seq, wantedPage(body, context));
        const sealed = sealedForm(body.publicKey, page);
        return reply(200, { sealed, count: countOf(page), ...placesAfter(page, next) });
      },
    }),

    operation({
      id: "application.move-depart",
      method: "POST",
      path: `${path}/depart`,
      tag,
      summary: "Let an application go",
      description:
        "Deletes the application here and records its new place, which later requests for it get with status 421. 409 if it has changed since it was closed.",
      access: "root",
      departs: true,
      hidden: true,
      body: MoveDepartIn,
      bodyExample: { hold: holdExample.hold, url: "https://b.hooks.example" },
      responses: { 204: { description: "The application has departed." } },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const departing = { ...body, startedBy: actorOf(identity, ids) };
        await departApplication(context, await toMove(identity, params.app_id), departing);
        return noContent;
      },
    }),
  ];
}

function countOf(page: MovePage): number {
  if (page.part === "settings") return 1;
  if (page.part === "keys") return page.keys.length + page.responses.length;
  return page.part === "waiting" ? page.deliveries.length : page.messages.length;
}
