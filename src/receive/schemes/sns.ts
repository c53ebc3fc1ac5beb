import type { RequestView } from "../request-view.ts";
import type { CertificateSender } from "./certificate-sender.ts";

const HOST = /^sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?$/;
const PATH = /^\/[A-Za-z0-9_-]{1,200}\.pem$/;
/** The signed fields, in the order in which they are signed. */
const NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/**
 * Amazon SNS signs fields of the body. The secret is the ARN of the topic: a right signature proves
 * only that some customer of Amazon has published the message.
 */
export const sns: CertificateSender = {
  read(request, secrets) {
    const body = bodyOf(request);
    const { Signature: signature, SigningCertURL: certificateUrl, Timestamp: time, TopicArn: topic } = body;
    if (typeof signature !== "string" || typeof certificateUrl !== "string") return "missing_signature";
    if (typeof time !== "string") return "missing_timestamp";
    const version = body.SignatureVersion;
    if (version !== "1" && version !== "2") return "algorithm_not_allowed";
    if (typeof topic !== "string" || !secrets.includes(topic)) return "topic_mismatch";
    const signed = signedText(body);
    if (signed === null) return "malformed_signature";
    return { signature, digest: version === "1" ? "sha1" : "sha256", certificateUrl, time, signed: [signed] };
  },
  isAllowedUrl: ({ hostname, pathname }) => HOST.test(hostname) && PATH.test(pathname),
  // The host of the certificate is Amazon's, and its names differ by region.
  isItsCertificate: () => true,
};

function bodyOf(request: RequestView): Readonly<Record<string, unknown>> {
  const json = request.json();
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Record<string, unknown>) : {};
}

function signedText(body: Readonly<Record<string, unknown>>): string | null {
  const names = body.Type === "Notification" ? NOTIFICATION : CONFIRMATION;
  let text = "";
  for (const name of names) {
    const value = body[name];
    if (value === undefined && name === "Subject") continue;
    if (typeof value !== "string") return null;
    text += `${name}\n${value}\n`;
  }
  return text;
}
