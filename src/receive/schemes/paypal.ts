import { crc32 } from "node:zlib";
import type { CertificateSender } from "./certificate-sender.ts";

const HOSTS: ReadonlySet<string> = new Set(["api.paypal.com", "api.sandbox.paypal.com"]);
const PATH = /^\/v1\/notifications\/certs\/[A-Za-z0-9-]{1,128}$/;
const NAMES: ReadonlySet<string> = new Set([
  "messageverificationcerts.paypal.com",
  "messageverificationcerts.sandbox.paypal.com",
]);

/** PayPal signs the ids and the checksum of the body. The secret is the id of the webhook. */
export const paypal: CertificateSender = {
  read(request, secrets) {
    const signature = request.header("paypal-transmission-sig");
    const id = request.header("paypal-transmission-id");
    const time = request.header("paypal-transmission-time");
    const certificateUrl = request.header("paypal-cert-url");
    if (!signature || !id || !certificateUrl) return "missing_signature";
    if (!time) return "missing_timestamp";
    const algorithm = request.header("paypal-auth-algo");
    if (algorithm !== null && algorithm.toLowerCase() !== "sha256withrsa") return "algorithm_not_allowed";
    const checksum = crc32(request.body);
    const signed = secrets.map((webhookId) => `${id}|${time}|${webhookId}|${checksum}`);
    return { signature, digest: "sha256", certificateUrl, time, signed };
  },
  isAllowedUrl: ({ hostname, pathname }) => HOSTS.has(hostname) && PATH.test(pathname),
  isItsCertificate: ({ subject }) => NAMES.has(commonName(subject)),
};

function commonName(subject: string): string {
  return /^CN=(.+)$/m.exec(subject)?.[1] ?? "";
}
