/** Embedded when the executable is built. */
export { version } from "../../package.json";
