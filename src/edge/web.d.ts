/**
 * The output of `scripts/web.ts`, embedded as files. An import is the path of the file. It is
 * declared here so that types can be checked before that script has run.
 */
declare module "../../dist/web/*" {
  const path: string;
  export default path;
}
