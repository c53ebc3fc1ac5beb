/**
 * Output of `scripts/web.ts`, embedded as text. Declared here so that types can be checked before
 * it is built.
 */
declare module "../../dist/web/*" {
  const text: string;
  export default text;
}
