import { version } from "../../package.json";

/** Set by the build; absent if the program runs from its sources. */
declare const BUILD_COMMIT: string | undefined;

/** The version, embedded in the executable at build time. */
export { version };

/** The commit from which the executable was built, or null if it is not known. */
export const commit: string | null = typeof BUILD_COMMIT === "undefined" || BUILD_COMMIT === "" ? null : BUILD_COMMIT;

/** The version and the beginning of the commit, such as `1.2.0 (commit 1a2b3c4d5e6f)`. */
export const versionText: string = commit === null ? version : `${version} (commit ${commit.slice(0, 12)})`;
