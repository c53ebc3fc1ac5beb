/** The module of the interpreter, embedded as a file. The default export is its path. */
declare module "*/wasm" {
  const path: string;
  export default path;
}
