import { freshUid, type Send } from "./client.ts";
import { STRIPE_SECRET } from "./stripe.ts";

const SOURCES = "/ingest/api/v1/source";

/** A source that was made through the API. */
export interface MadeSource {
  readonly id: string;
  readonly uid: string;
  readonly appId: string;
  /** Its URL at the door. */
  readonly url: string;
}

/** Creates a source with an endpoint. By default it is a Stripe source. */
export async function makeSource(
  send: Send,
  consumerUrl: string,
  { fields = {}, endpoint = {} }: { readonly fields?: object; readonly endpoint?: object } = {},
): Promise<MadeSource> {
  const uid = freshUid("source");
  const settings = { name: uid, uid, type: "stripe", disabled: false, config: { secret: STRIPE_SECRET }, ...fields };
  // Messages that a queue already has would be taken before there is an endpoint for them.
  const isDelayed = "url" in settings.config && !settings.disabled;
  const made = await send("POST", SOURCES, { ...settings, disabled: settings.disabled || isDelayed });
  if (made.status !== 201) throw new Error(`The source was not created: ${made.status} ${made.text}`);
  const { id, appId, ingestUrl } = made.json;
  const added = await send("POST", `/app/${appId}/endpoint`, { url: consumerUrl, ...endpoint });
  if (added.status !== 201) throw new Error(`The endpoint was not created: ${added.status} ${added.text}`);
  if (isDelayed) {
    const enabled = await send("PATCH", `${SOURCES}/${id}`, { disabled: false });
    if (enabled.status !== 200) throw new Error(`The source was not enabled: ${enabled.status} ${enabled.text}`);
  }
  return { id, uid, appId, url: ingestUrl };
}
