import { Type } from "@sinclair/typebox";
import { acknowledgeLeases, leaseMessages, returnLeases } from "../../../commands/poller-groups.ts";
import type { IdCodec } from "../../../core/id.ts";
import { invalid } from "../../../core/problem.ts";
import type { Application, GroupKey, Lease } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { messageSeqOf } from "../../http/message-id.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent } from "../../http/reply.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { messageText } from "../message/out.ts";
import { checkName } from "./name.ts";

const LIMIT_MAX = 250;
const LIMIT_DEFAULT = 10;
const LEASE_IDS_MAX = 1000;
const LEASE_MS_MIN = 1000;
const LEASE_MS_MAX = 12 * 60 * 60 * 1000;
const LEASE_MS_DEFAULT = 30_000;

const leaseIdExample = `lease_${messageExample.id.slice("msg_".length)}_1`;

const LeaseIn = field.object("PollerLeaseIn", {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMIT_MAX,
      default: LIMIT_DEFAULT,
      description: "Maximum number of messages.",
    }),
  ),
  leaseMs: Type.Optional(
    Type.Integer({
      minimum: LEASE_MS_MIN,
      maximum: LEASE_MS_MAX,
      default: LEASE_MS_DEFAULT,
      description: "Time in ms after which unacknowledged messages can be leased again.",
    }),
  ),
  after: Type.Optional(
    Type.String({
      description:
        "Id of the message after which a new group begins. By default it begins with messages that are accepted after this call. Ignored if the group exists.",
    }),
  ),
});
const LeasesOut = field.object("PollerLeasesOut", {
  data: Type.Array(
    field.object("LeasedMessageOut", {
      ...MessageOut.properties,
      leaseId: Type.String({ description: "Pass it to `ack` or `nack`." }),
    }),
    { description: "Empty if there is no message at the moment." },
  ),
});
const LeaseIds = field.object("PollerLeaseIds", {
  leaseIds: Type.Array(Type.String(), { minItems: 1, maxItems: LEASE_IDS_MAX }),
});

const GROUP =
  "Workers of a group share the messages of the application. `sink_id` and `group_id` are names of your choice; groups need not be created. See /docs/guide/streams.";

/** Defines the operations of workers that share the messages of an application. */
export function pollerGroupRoutes(context: Context): Operation[] {
  const { ids, lookup, pages } = context;
  const tag = "Message poller";
  const path = "/api/v1/app/:app_id/poller/:sink_id/group/:group_id";
  const common = { method: "POST", tag, access: "application", capability: "ViewBase", audited: false } as const;

  function keyOf({ seq }: Application, params: { readonly sink_id: string; readonly group_id: string }): GroupKey {
    checkName("sink_id", params.sink_id);
    checkName("group_id", params.group_id);
    return { applicationSeq: seq, sink: params.sink_id, group: params.group_id };
  }

  function leasesOf(texts: readonly string[]): Lease[] {
    return texts.map((text, i) => {
      const lease = leaseOf(text, ids);
      if (lease === null) throw invalid(["body", "leaseIds", String(i)], "Must be the id of a lease (lease_…).");
      return lease;
    });
  }

  return [
    operation({
      ...common,
      id: "message.poller.group-lease",
      path: `${path}/lease`,
      scopes: ["message:Read", "message:Write"],
      summary: "Lease messages",
      description: `Returns messages that no other worker of the group has, the oldest first, with at most 4 MiB of payloads. Messages whose lease has ended or that were given back come before new ones. ${GROUP}`,
      body: LeaseIn,
      bodyOptional: true,
      bodyExample: { limit: LIMIT_DEFAULT, leaseMs: LEASE_MS_DEFAULT },
      responses: {
        200: {
          description: "The leased messages.",
          schema: LeasesOut,
          example: { data: [{ ...messageExample, leaseId: leaseIdExample }] },
        },
      },
      problems: [400, 404],
      async handle({ identity, params, body: { limit = LIMIT_DEFAULT, leaseMs = LEASE_MS_DEFAULT, after } }) {
        const application = await lookup.application(identity, params.app_id);
        const begin = after === undefined ? null : messageSeqOf(ids, after, ["body", "after"]);
        const key = keyOf(application, params);
        const leases = await leaseMessages(context, key, { limit, leaseMs, after: begin });
        const times = new Map(leases.map((lease) => [lease.messageSeq, lease.times]));
        // The read must not be refused, because the messages are leased already.
        const texts = await pages.inTurn(
          identity,
          () =>
            pages.messages(times.keys(), (message) => {
              const lease = { messageSeq: message.seq, times: times.get(message.seq)! };
              return `${messageText(message, ids, true).slice(0, -1)},"leaseId":"${leaseId(lease, ids)}"}`;
            }),
          true,
        );
        return { status: 200, body: `{"data":[${[...texts.values()].filter((text) => text !== null).join(",")}]}` };
      },
    }),

    operation({
      ...common,
      id: "message.poller.group-ack",
      path: `${path}/ack`,
      summary: "Acknowledge leased messages",
      description: `The group does not get them again. If a lease has ended, the response is 409 and no lease is acknowledged. ${GROUP}`,
      body: LeaseIds,
      bodyExample: { leaseIds: [leaseIdExample] },
      responses: { 204: { description: "They are acknowledged." } },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        const leases = leasesOf(body.leaseIds);
        await acknowledgeLeases(context, keyOf(application, params), leases, (lease) => leaseId(lease, ids));
        return noContent;
      },
    }),

    operation({
      ...common,
      id: "message.poller.group-nack",
      path: `${path}/nack`,
      summary: "Give leased messages back",
      description: `They can be leased again at once. Leases that have ended are ignored. ${GROUP}`,
      body: LeaseIds,
      bodyExample: { leaseIds: [leaseIdExample] },
      responses: { 204: { description: "They are given back." } },
      problems: [404],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        await returnLeases(context, keyOf(application, params), leasesOf(body.leaseIds));
        return noContent;
      },
    }),
  ];
}

/** Returns the id of a lease. It contains the message and how often that message has been leased. */
function leaseId({ messageSeq, times }: Lease, ids: IdCodec): string {
  return `lease_${ids.encode("msg_", messageSeq).slice("msg_".length)}_${times}`;
}

/** Returns the lease with this id, or null for any other text. */
function leaseOf(text: string, ids: IdCodec): Lease | null {
  const [, id, times] = /^lease_(\w+)_(\d{1,9})$/.exec(text) ?? [];
  const messageSeq = id === undefined ? null : ids.decode("msg_", `msg_${id}`);
  return messageSeq === null ? null : { messageSeq, times: Number(times) };
}
