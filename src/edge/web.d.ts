/**
 * The output of `scripts/web.ts`, embedded as text. It is declared here so that types can be
 * checked before that script has run.
 */
declare module "../../dist/web/*" {
  const text: string;
  export default text;
}
