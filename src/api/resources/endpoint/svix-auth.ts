/** What the operations of the Svix API on the field `auth` share. */
import type { TObject } from "@sinclair/typebox";
import type { AuthType } from "../../../core/endpoint-auth.ts";
import { conflict, Invalid, notFound } from "../../../core/problem.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";

interface ConfigReads {
  /** The end of the path and of the operation ids. */
  readonly part: "mtls" | "oauth";
  /** What the configuration is, for example `client certificate`. */
  readonly title: string;
  /** Describes the responses. */
  readonly description: string;
  readonly schema: TObject;
  /** The schema of the response that also says whether there is a configuration. */
  readonly optionalSchema: TObject;
  readonly example: object;
  /** Returns the configuration of an endpoint, or null. */
  readonly configOf: (endpoint: Endpoint) => object | null;
}

/** Returns the two operations that read the configuration: one is 404 without it, one says so. */
export function configReads({ lookup }: Context, reads: ConfigReads): Operation[] {
  const { part, title, description, schema, optionalSchema, example, configOf } = reads;
  const common = { tag: "Endpoint", access: "application", method: "GET", problems: [404] } as const;
  const path = `/api/v1/app/:app_id/endpoint/:endpoint_id/${part}` as const;
  return [
    operation({
      ...common,
      id: `v1.endpoint.get-${part}`,
      path,
      summary: `Get the ${title} of an endpoint`,
      responses: { 200: { description, schema, example } },
      async handle({ identity, params }) {
        const config = configOf((await lookup.both(identity, params.app_id, params.endpoint_id)).endpoint);
        if (config === null) throw notFound(`The endpoint has no ${title}.`);
        return reply(200, config);
      },
    }),

    operation({
      ...common,
      id: `v1.endpoint.get-${part}-2`,
      path: `${path}-config`,
      summary: `Get the ${title} of an endpoint, if it has one`,
      responses: { 200: { description, schema: optionalSchema, example: { enabled: true, config: example } } },
      async handle({ identity, params }) {
        const config = configOf((await lookup.both(identity, params.app_id, params.endpoint_id)).endpoint);
        return reply(200, { enabled: config !== null, config });
      },
    }),
  ];
}

/** Throws 409 if the endpoint authenticates in another way, which the request does not name. */
export function refuseOtherType({ auth }: Pick<Endpoint, "auth">, type: AuthType): void {
  if (auth === null || auth.type === type) return;
  throw conflict(`The endpoint authenticates by ${auth.type}. Remove that first.`);
}

/** Runs `work`. In its errors, fields of `auth` and `tls` are fields of the body, as in the request. */
export async function atTopLevel<T>(
  work: () => Promise<T>,
  nameOf: (field: string) => string = (name) => name,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw new Invalid(
      ...error.findings.map((finding) => {
        const [root, parent, name] = finding.loc;
        const isInner = (parent === "auth" || parent === "tls") && name !== undefined;
        return isInner ? { ...finding, loc: [root!, nameOf(name)] } : finding;
      }),
    );
  }
}
