import { Type } from "@sinclair/typebox";
import { abandonArrival, arriveApplication, findArrival, storePage } from "../../../commands/move-destination.ts";
import { invalidPage } from "../../../commands/move-origin.ts";
import { Problem } from "../../../core/problem.ts";
import { PageKeys } from "../../../core/sealed-page.ts";
import { StoreUnavailable } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { openedPage } from "./page-form.ts";

const path = "/api/v1/arrival/:app_id";
const tag = "Application";

const ArrivalIn = field.object("ArrivalIn", {
  uid: Type.Optional(nullable(Type.String())),
  schemaVersion: Type.Integer(),
  now: Type.Integer({ description: "The time of the origin, in ms since the Unix epoch." }),
});
const ArrivalOut = field.object("ArrivalOut", {
  state: Type.String({ enum: ["absent", "arriving", "arrived"] }),
  hold: nullable(Type.String({ description: "The hold under which the stored deliveries were read." })),
  historyTo: Type.String({ description: "Where the history continues: `after` of the next page." }),
  publicKey: Type.String({ description: "The key for which pages are sealed, until this server restarts." }),
});
const ArrivalPageIn = field.object("ArrivalPageIn", {
  sealed: Type.String(),
  hold: Type.Optional(
    nullable(Type.String({ minLength: 1, description: "The hold under which deliveries were read." })),
  ),
});
const ArrivalPageOut = field.object("ArrivalPageOut", {
  missing: Type.Array(Type.String(), {
    description: "Ids of messages that must come before these deliveries. If there are any, nothing was stored.",
  }),
});
const AbandonIn = field.object("ArrivalAbandonIn", {
  hold: nullable(Type.String({ description: "The hold under which the stored deliveries were read." })),
});
const ArrivedIn = field.object("ArrivedIn", { hold: Type.String({ minLength: 1 }) });

/** Enough for the settings of 10,000 endpoints, which are in one page, and for a payload that the origin allows. */
const PAGE_BYTES_MAX = 64 * 1024 * 1024;
const bodyBytesMax = (maxBodyBytes: number) => Math.max(PAGE_BYTES_MAX, 2 * maxBodyBytes);

/** Defines the operations that `boathook move-app` calls at the server to which an application moves. */
export function moveDestinationRoutes(context: Context): Operation[] {
  let keys: PageKeys | null = null;
  const ownKeys = () => {
    keys ??= new PageKeys();
    return keys;
  };
  return [
    operation({
      id: "application.arrival",
      method: "POST",
      path,
      tag,
      summary: "Ask for the arrival of an application",
      description: "Changes nothing. `app_id` is the id at the origin. 409 if the application cannot be moved here.",
      access: "root",
      hidden: true,
      audited: false,
      body: ArrivalIn,
      bodyExample: { uid: "acme", schemaVersion: 48, now: 1767225600000 },
      responses: {
        200: {
          description: "How far the application has arrived.",
          schema: ArrivalOut,
          example: { state: "absent", hold: null, historyTo: "0", publicKey: "MCow…" },
        },
      },
      problems: [409],
      async handle({ identity, params, body }) {
        const { uid = null, schemaVersion, now } = body;
        const proposal = { uid, schemaVersion, now };
        const arrival = await findArrival(context, identity.environmentSeq, params.app_id, proposal);
        const state = arrival === null ? "absent" : arrival.arrivedAt === null ? "arriving" : "arrived";
        const historyTo = String(arrival?.historyTo ?? 0);
        return reply(200, { state, hold: arrival?.hold ?? null, historyTo, publicKey: ownKeys().publicKey });
      },
    }),

    operation({
      id: "application.arrival-page",
      method: "POST",
      path: `${path}/page`,
      tag,
      summary: "Store a page of an application that arrives",
      access: "root",
      hidden: true,
      audited: false,
      bodyBytesMax,
      body: ArrivalPageIn,
      bodyExample: { sealed: "MCow…" },
      responses: { 200: { description: "The page was stored.", schema: ArrivalPageOut, example: { missing: [] } } },
      problems: [409],
      async handle({ identity, params, body }) {
        const page = openedPage(ownKeys(), body.sealed);
        const { hold = null } = body;
        try {
          return reply(200, await storePage(context, identity.environmentSeq, params.app_id, { page, hold }));
        } catch (error) {
          if (error instanceof Problem || error instanceof StoreUnavailable) throw error;
          context.log.error({ error }, "A page of an application that is being moved cannot be stored.");
          throw invalidPage("The page does not have the expected form. The log of the server has the details.");
        }
      },
    }),

    operation({
      id: "application.arrive",
      method: "POST",
      path: `${path}/arrive`,
      tag,
      summary: "Serve an application that has departed at the origin",
      description: "May be repeated.",
      access: "root",
      hidden: true,
      body: ArrivedIn,
      bodyExample: { hold: "6f0e8b7a-4c1d-4f57-9a55-3f2d1b0c9e8a" },
      responses: { 204: { description: "The application is served here." } },
      problems: [409],
      async handle({ params, body }) {
        await arriveApplication(context, params.app_id, body.hold);
        return noContent;
      },
    }),

    operation({
      id: "application.arrival-abandon",
      method: "POST",
      path: `${path}/abandon`,
      tag,
      summary: "Delete what has arrived of an application",
      description: "For a move that was given up. May be repeated. 409 if the application is served here.",
      access: "root",
      hidden: true,
      body: AbandonIn,
      bodyExample: { hold: null },
      responses: { 204: { description: "Nothing of the application is here any more." } },
      problems: [409],
      async handle({ params, body }) {
        await abandonArrival(context, params.app_id, body.hold);
        return noContent;
      },
    }),
  ];
}
