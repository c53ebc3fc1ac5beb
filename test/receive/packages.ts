/** The official packages of providers, each as a function that checks the request of a vector. */

import { hash } from "node:crypto";
import { verifyWebhookSignature as verifyNotion } from "@notionhq/client";
import { verify as verifyGitHub } from "@octokit/webhooks-methods";
import { isValidSignature as verifySanity } from "@sanity/webhook";
import { EventWebhook } from "@sendgrid/eventwebhook";
import { verifyWebhookSignature as verifyTransloadit } from "@transloadit/utils";
import { WorkOS } from "@workos-inc/node";
import braintree from "braintree";
import { verifyKey as verifyDiscord } from "discord-interactions";
import { compactVerify, importJWK } from "jose";
import { WebhookSignatureValidator } from "mercadopago";
import { validateWebhook as verifyReplicate } from "replicate";
import { Resend } from "resend";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix1";
import type { Vector } from "./vectors.ts";

/** Returns whether the package accepts the request, or throws if it does not. */
export type PackageCheck = (request: PackageRequest) => unknown;

export interface PackageRequest {
  readonly vector: Vector;
  readonly secret: string;
  readonly body: string;
  readonly url: URL;
  /** Returns a header, or an empty text if it is missing. */
  header(name: string): string;
}

export function packageRequest(vector: Vector): PackageRequest {
  const headers = new Map(Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const { body = Buffer.from(vector.bodyBase64 ?? "", "base64").toString() } = vector;
  return {
    vector,
    secret: vector.secret,
    body,
    url: new URL(vector.url),
    header: (name) => headers.get(name.toLowerCase()) ?? "",
  };
}

const all = ({ vector }: PackageRequest) => vector.headers;
const standard: PackageCheck = (request) => new StandardWebhook(request.secret).verify(request.body, all(request));

/** The keys are ids of providers. All packages read the clock, which the test sets. */
export const packages: Readonly<Record<string, PackageCheck>> = {
  "standard-webhooks": standard,
  "gitlab-signed": standard,
  render: standard,
  svix: (request) => new SvixWebhook(request.secret).verify(request.body, all(request)),
  stripe: ({ body, secret, header }) =>
    new Stripe("sk_test_only").webhooks.constructEventAsync(body, header("stripe-signature"), secret),
  github: ({ body, secret, header }) => verifyGitHub(secret, body, header("x-hub-signature-256")),
  discord: ({ body, secret, header }) =>
    verifyDiscord(body, header("x-signature-ed25519"), header("x-signature-timestamp"), secret),
  notion: ({ body, secret, header }) =>
    verifyNotion({ body, signature: header("x-notion-signature"), verificationToken: secret }),
  sanity: ({ body, secret, header }) => verifySanity(body, header("sanity-webhook-signature"), secret),
  sendgrid({ body, secret, header }) {
    const webhook = new EventWebhook();
    const [signature, time] = ["signature", "timestamp"].map((part) => header(`x-twilio-email-event-webhook-${part}`));
    return webhook.verifySignature(webhook.convertPublicKeyToECDSA(secret), body, signature!, time!);
  },
  workos: async ({ body, secret, header }) => {
    const { webhooks } = new WorkOS("sk_test_only");
    const sigHeader = header("workos-signature");
    await webhooks.constructEvent({ payload: JSON.parse(body), sigHeader, secret });
    return true;
  },
  "mercado-pago": ({ secret, url, header }) => {
    WebhookSignatureValidator.validate({
      ...{ xSignature: header("x-signature"), xRequestId: header("x-request-id"), secret },
      dataId: url.searchParams.get("data.id"),
      toleranceSeconds: 300,
    });
    return true;
  },
  braintree: ({ body, secret, vector }) => {
    const form = new URLSearchParams(body);
    const { publicKey } = vector.options as { publicKey: string };
    const environment = braintree.Environment.Sandbox;
    const gateway = new braintree.BraintreeGateway({
      environment,
      merchantId: "test_only",
      publicKey,
      privateKey: secret,
    });
    return gateway.webhookNotification.parse(form.get("bt_signature")!, form.get("bt_payload")!);
  },
  transloadit: async ({ body, secret, vector }) => {
    const form = await new Response(body, { headers: { "content-type": vector.headers["Content-Type"]! } }).formData();
    const [rawBody, signatureHeader] = [String(form.get("transloadit")), String(form.get("signature"))];
    return verifyTransloadit({ authSecret: secret, rawBody, signatureHeader });
  },
  replicate: ({ body, secret, header }) =>
    verifyReplicate({
      ...{ id: header("webhook-id"), timestamp: header("webhook-timestamp"), signature: header("webhook-signature") },
      ...{ body, secret },
    }),
  resend: ({ body, secret, header }) =>
    new Resend("re_test_only").webhooks.verify({
      payload: body,
      headers: { id: header("svix-id"), timestamp: header("svix-timestamp"), signature: header("svix-signature") },
      webhookSecret: secret,
    }),
  plaid: async ({ body, vector, header }) => {
    const key = await importJWK((vector.options as { jwk: object }).jwk, "ES256");
    const { payload } = await compactVerify(header("plaid-verification"), key, { algorithms: ["ES256"] });
    const claims = JSON.parse(Buffer.from(payload).toString()) as { iat: number; request_body_sha256: string };
    return Math.abs(Date.now() / 1000 - claims.iat) <= 300 && claims.request_body_sha256 === hash("sha256", body);
  },
};
