/** The version of a Svix SDK. */
export interface SdkVersion {
  readonly major: number;
  readonly minor: number;
}

/**
 * Returns the version of the Svix SDK that sent a request, or null for other clients. Some SDK
 * versions expect different responses. Only their `User-Agent` (`svix-libs/VERSION/LANGUAGE …`)
 * distinguishes them.
 */
export function svixSdkOf(request: Request): SdkVersion | null {
  const [, major, minor] = /^svix-libs\/(\d+)\.(\d+)/.exec(request.headers.get("user-agent") ?? "") ?? [];
  return major === undefined ? null : { major: Number(major), minor: Number(minor) };
}
