/** The class names of a component's style, by the names in its file. */
declare module "*.module.css" {
  const style: Readonly<Record<string, string>>;
  export default style;
}

/** Other style sheets are imported only to add them to the bundle. */
declare module "*.css";
