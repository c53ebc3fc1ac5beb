/** The version of a Svix SDK. */
export interface SdkVersion {
  readonly major: number;
  readonly minor: number;
}

/**
 * Which Svix SDK has sent this, or null: where their versions expect different answers, nothing but their `User-Agent`
 * (`svix-libs/VERSION/LANGUAGE …`) tells them apart.
 */
export function svixSdkOf(request: Request): SdkVersion | null {
  const [, major, minor] = /^svix-libs\/(\d+)\.(\d+)/.exec(request.headers.get("user-agent") ?? "") ?? [];
  return major === undefined ? null : { major: Number(major), minor: Number(minor) };
}
