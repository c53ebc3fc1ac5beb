/**
 * Headers of a response with bytes that anyone may have sent. They keep a browser from running the
 * bytes as a page of this server.
 */
export const foreignContent = {
  "content-security-policy": "sandbox; default-src 'none'",
  "content-disposition": "attachment",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};
