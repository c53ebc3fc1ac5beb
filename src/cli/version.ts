/** Set by the build; absent if the program runs from its sources. */
declare const BUILD_COMMIT: string | undefined;

/** The version, embedded in the executable at build time. */
export { version } from "../../package.json";

/** The commit from which the executable was built, or null if it is not known. */
export const commit: string | null = typeof BUILD_COMMIT === "undefined" || BUILD_COMMIT === "" ? null : BUILD_COMMIT;
