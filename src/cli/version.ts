/** The version, embedded in the executable at build time. */
export { version } from "../../package.json";
