/** Cookies of this server. */

/**
 * Returns the name of a cookie for a public URL, with `securePrefix` over HTTPS. Browsers accept both
 * prefixes only over HTTPS; with `__Host-` other subdomains cannot set the cookie either. Cookies
 * ignore ports, so the name contains the port.
 */
export function cookieNamed(name: string, publicUrl: string, securePrefix: "__Host-" | "__Secure-"): string {
  const { protocol, port } = new URL(publicUrl);
  const full = port === "" ? name : `${name}_${port}`;
  return protocol === "https:" ? securePrefix + full : full;
}

/** Returns the value of a request's cookie, or null if there is none. */
export function cookieValue(request: Request, name: string): string | null {
  const header = request.headers.get("cookie");
  if (header === null) return null;
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at >= 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

/**
 * Returns whether the browser reaches the server over HTTPS. The headers cannot be trusted, but a
 * wrong one only affects the cookie of its own sender.
 */
export function isEncrypted({ url, headers }: Request, publicUrl: string): boolean {
  const starts = [publicUrl, url, headers.get("origin") ?? ""].some((text) => text.startsWith("https://"));
  return starts || /^https\b/.test(headers.get("x-forwarded-proto") ?? "");
}
