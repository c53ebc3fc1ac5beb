/** Shows the logo, a boathook: a pole with a point and a hook. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M10 26 19.500 9.500 22 5M17.500 13c2.500 3.800 8 3.300 8.500-1.500" />
    </svg>
  );
}
