/** Converts requests for endpoints to the settings that commands use. */
import type { Static } from "@sinclair/typebox";
import type { EndpointChange, EndpointSettings } from "../../../commands/endpoints.ts";
import { patchedFunction } from "../../../commands/functions.ts";
import type { Settings } from "../../../config/index.ts";
import { normalizeEndpointUrl } from "../../../core/endpoint-url/index.ts";
import { invalid } from "../../../core/problem.ts";
import { type Endpoint, endpointFields } from "../../../core/resources/endpoint.ts";
import { settingsOf as defaultSettingsOf } from "../../../core/resources/field.ts";
import { normalizeUrl } from "../../../core/rule.ts";
import { parseSecret } from "../../../core/signature.ts";
import type { Deliverer } from "../../../deliver/deliverer.ts";
import { uidOfPath, uidOfPut } from "../../http/lookup.ts";
import { applyCreate, applyPatch, applyPut, checkAliases } from "../../http/resource.ts";
import { isInboxToken } from "../inbox/inbox.ts";
import type { EndpointIn, EndpointPatch, EndpointUpdate } from "./fields.ts";

/** What is needed to check the URLs in a request. */
export interface UrlPolicy {
  readonly settings: Pick<Settings, "httpsOnly" | "awsCredentials">;
  /** Whether the endpoint is for operational webhooks. The default is false. */
  readonly isOperational?: boolean;
  readonly deliverer: Pick<Deliverer, "inboxUrl">;
}

/**
 * Returns the settings of a new endpoint. Throws 422 if the URL is not allowed or a field is sent
 * under both of its names.
 */
export function settingsOf(sent: Static<typeof EndpointIn>, policy: UrlPolicy): EndpointSettings {
  checkAliases(endpointFields, sent);
  const url = checkedUrl(sent.url, policy);
  checkTokenUrl(sent, policy.settings);
  const blank = { ...defaultSettingsOf(endpointFields), url, headers: {} };
  return applyCreate(endpointFields, blank, { ...sent, url });
}

/**
 * Returns the settings and the change that a PUT describes. `settings` is null if the PUT cannot
 * create the endpoint, because neither the path nor the body contains a uid. `keepsVersion` says
 * whether an existing endpoint keeps its payload version. Throws 422 if the URL is not allowed.
 */
export function putOf(
  text: string,
  sent: Static<typeof EndpointUpdate>,
  policy: UrlPolicy,
  keepsVersion = false,
): { readonly settings: EndpointSettings | null; readonly change: EndpointChange } {
  const uid = sent.uid ?? uidOfPath("ep_", text);
  const settings = settingsOf(sent, policy);
  const replacement = { ...sent, url: settings.url, uid: uidOfPut("ep_", text, sent) };
  return {
    settings: uid === null ? null : { ...settings, uid },
    change: (before) => {
      const after = applyPut(endpointFields, before, replacement);
      return keepsVersion ? { ...after, apiVersion: before.apiVersion } : after;
    },
  };
}

/**
 * Returns the request's values with the URL normalized. Throws 422 if the URL is not allowed or a
 * field is sent under both of its names.
 */
export function withUrl<Sent extends { readonly url?: string; readonly auth?: AuthIn }>(
  sent: Sent,
  policy: UrlPolicy,
): Sent {
  checkAliases(endpointFields, sent);
  checkTokenUrl(sent, policy.settings);
  return sent.url === undefined ? sent : { ...sent, url: checkedUrl(sent.url, policy) };
}

/** Returns the fields that a PATCH changes. */
export function patchOf(before: Endpoint, sent: Static<typeof EndpointPatch>): Partial<Endpoint> {
  const change = applyPatch(endpointFields, before, sent);
  const { function: code } = change;
  return code === undefined ? change : { ...change, function: patchedFunction(before.function, code) };
}

type AuthIn = Readonly<Record<string, unknown>> | null;

/** Throws 422 if the token endpoint must be an https URL and is none. */
export function checkTokenUrl(
  { auth }: { readonly auth?: AuthIn | undefined },
  { httpsOnly }: UrlPolicy["settings"],
): void {
  if (!httpsOnly || typeof auth?.tokenUrl !== "string") return;
  const checked = normalizeUrl(auth.tokenUrl, true);
  if ("problem" in checked) throw invalid(["body", "auth", "tokenUrl"], checked.problem);
}

/** Returns the URL in its normal form. Throws 422 if it is not allowed. */
export function checkedUrl(text: string, { settings, deliverer, isOperational = false }: UrlPolicy): string {
  const checked = normalizeEndpointUrl(text, {
    httpsOnly: settings.httpsOnly,
    isOperational,
    hasAwsCredentials: settings.awsCredentials !== "none",
  });
  if ("problem" in checked) throw invalid(["body", "url"], checked.problem);
  const inbox = deliverer.inboxUrl(new URL(checked.url));
  if (inbox !== null && !isInboxToken(inbox.pathname.replace(/^\/inbox\//, ""))) {
    throw invalid(["body", "url"], "The name of an inbox must be 8 to 64 letters, digits, _ and -.");
  }
  return checked.url;
}

/**
 * Returns the secret in the request, or null. Throws 422 if the secret is invalid; `name` is the
 * field that contains it.
 */
export function secretOf(sent: string | null | undefined, name = "secret"): string | null {
  if (sent == null) return null;
  if (parseSecret(sent) !== null) return sent;
  const msg =
    "Must be whsec_ followed by 24 to 75 bytes in base64, or whsk_ followed by an ed25519 seed and its public key in base64.";
  throw invalid(["body", name], msg);
}
