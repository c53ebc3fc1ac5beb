/**
 * The output of `scripts/web.ts`, embedded as files. The default export is the path of the file.
 * The modules are declared here so that types can be checked before that script has run.
 */
declare module "../../dist/web/*" {
  const path: string;
  export default path;
}

/** Imported as text. */
declare module "*.proto" {
  const text: string;
  export default text;
}

/** Pages of the guide, imported as text. */
declare module "*.md" {
  const text: string;
  export default text;
}
