import { certificateRenewalMs } from "../core/attention-rules.ts";
import { type Finding, failWith, ok, warn } from "./finding.ts";
import { durationText, instantText } from "./text.ts";

export type CertificateFacts =
  | { readonly problem: string }
  | {
      readonly problem: null;
      /** The earliest end of a certificate in the file. */
      readonly expiresAt: number;
      /** Permissions of the file of the key. */
      readonly keyMode: number;
    };

/** Returns the findings about the certificate for HTTPS. `facts` is null if there is none. */
export function certificateFindings(facts: CertificateFacts | null, now: number): Finding[] {
  if (facts === null) return [];
  if (facts.problem !== null) return [failWith("certificate", facts.problem)];
  const { expiresAt, keyMode } = facts;
  const detail = `The certificate in tls-cert is valid until ${instantText(expiresAt)}.`;
  const left = expiresAt - now;
  const isSoon = left < certificateRenewalMs;
  const findings = [
    isSoon
      ? warn("certificate", `${detail.slice(0, -1)}, for ${durationText(left)}.`, "Renew it, then send SIGHUP.")
      : ok("certificate", detail),
  ];
  if ((keyMode & 0o077) !== 0) {
    findings.push(
      warn(
        "tls-key",
        "Other users of this machine may read the key in tls-key.",
        "Remove their rights: chmod go= on the file.",
      ),
    );
  }
  return findings;
}
