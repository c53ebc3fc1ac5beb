/**
 * The path below which the server is reached; empty if it is the root. A proxy may serve everything
 * below a prefix: this page is then at `/prefix/ui/`.
 */
export const BASE = location.pathname.replace(/\/(?:ui|portal)\/?$/, "");
