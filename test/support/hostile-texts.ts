/** Texts that would run a script or load an image if a page inserted them as markup. */
export const hostileTexts: readonly string[] = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  '"><svg onload=alert(1)>',
  "'><iframe src=javascript:alert(1)></iframe>",
  "</code></pre><b onmouseover=alert(1)>x</b>",
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "&lt;img src=x onerror=alert(1)&gt;",
  "<a href=javascript:alert(1)>click</a>",
  "</title><script>alert(1)</script>",
  "\u202etxt.exe<img src=x>",
];
