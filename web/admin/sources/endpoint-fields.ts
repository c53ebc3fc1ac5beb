import { ENDPOINT_FIELDS, type EndpointFields } from "../../kit/endpoint/fields.ts";

const NAMES = ["url", "function"];
const HELP = "Define async function handler(event, ctx). It can use ctx.fetch, ctx.log and ctx.secrets.";

/** The settings of a source's endpoint that the page edits. Its functions cannot send messages. */
export const SOURCE_ENDPOINT_FIELDS: EndpointFields = ENDPOINT_FIELDS.filter(({ name }) => NAMES.includes(name)).map(
  (field) => (field.kind === "function" ? { ...field, help: HELP } : field),
);

/** The fields of a form that adds an endpoint. */
export const NEW_SOURCE_ENDPOINT_FIELDS: EndpointFields = SOURCE_ENDPOINT_FIELDS.map((field) =>
  field.kind === "url" ? { ...field, label: "URL of a new endpoint" } : field,
);
