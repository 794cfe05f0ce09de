/** 16 × 16 line icons; decoration only, the words beside them say the same. */

const PATHS = {
  alert: "M8 2.2 14.4 13.4H1.6Z M8 6.4v3.2 M8 11.6v.1",
  check: "M3 8.6 6.4 12 13 4.6",
  close: "M4 4l8 8 M12 4l-8 8",
  chevron: "M6 4l4 4-4 4",
  copy: "M5.500 5.500h8v8h-8Z M10.500 5.500v-3h-8v8h3",
  download: "M8 2.500v7.500 M4.800 7 8 10.200 11.200 7 M2.500 13.500h11",
  filter: "M2.500 4h11 M4.500 8h7 M6.500 12h3",
  fit: "M2.500 5.500v-3h3 M10.500 2.500h3v3 M13.500 10.500v3h-3 M5.500 13.500h-3v-3",
  hand: "M5 8.500V4.200a1 1 0 0 1 2 0V7.500 M7 7.500V3a1 1 0 0 1 2 0v4.500 M9 7.500V3.800a1 1 0 0 1 2 0V8 M11 8V5.600a1 1 0 0 1 2 0V10a4 4 0 0 1-4 4H8.200a4 4 0 0 1-3.300-1.700L2.700 9.100a1 1 0 0 1 1.600-1.200L5 8.800",
  help: "M6 6.200a2 2 0 1 1 2.900 1.800c-.6.3-.9.7-.9 1.400 M8 11.600v.1 M8 1.800a6.200 6.200 0 1 1 0 12.400 6.200 6.200 0 0 1 0-12.400Z",
  loop: "M3 8a5 5 0 0 1 8.600-3.500L13 6 M13 2.800V6H9.800 M13 8a5 5 0 0 1-8.600 3.500L3 10 M3 13.200V10h3.200",
  minus: "M3.500 8h9",
  moon: "M13 9.300A5.500 5.500 0 0 1 6.700 3a5.500 5.500 0 1 0 6.300 6.300Z",
  pause: "M5.500 3.500v9 M10.500 3.500v9",
  play: "M5 3.200v9.600L12.800 8Z",
  plus: "M3.500 8h9 M8 3.500v9",
  question: "M6 6.200a2 2 0 1 1 2.900 1.800c-.6.3-.9.7-.9 1.400 M8 11.600v.1",
  search: "M7.200 2.500a4.700 4.700 0 1 1 0 9.400 4.700 4.700 0 0 1 0-9.400Z M10.700 10.700l3 3",
  silent: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z M8 4.800V8l2.200 1.600",
  story: "M3 3.500h10 M3 6.500h10 M3 9.500h10 M3 12.500h6",
  timeline: "M2.500 4.500h6 M5.500 8h8 M3.500 11.500h5",
  down: "M8 3v9.500 M4.500 9 8 12.500 11.500 9",
}; // prettier-ignore

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
