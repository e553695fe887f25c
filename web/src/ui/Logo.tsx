/** The mark: water running, and how much of it is still to come. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <g stroke="var(--on-accent)" strokeWidth="2.6" strokeLinecap="round">
        <path d="M7 11c3-2.4 6-2.4 9 0s6 2.4 9 0" />
        <path d="M7 17c3-2.4 6-2.4 9 0s6 2.4 9 0" opacity=".75" />
        <path d="M7 23c3-2.4 6-2.4 9 0s6 2.4 9 0" opacity=".5" />
      </g>
    </svg>
  );
}
