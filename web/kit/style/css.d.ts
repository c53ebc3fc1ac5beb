/** Style sheets are imported only to add them to the bundle. */
declare module "*.css";
