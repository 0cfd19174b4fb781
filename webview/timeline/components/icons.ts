import { svg, type SVGTemplateResult } from 'lit';

const line = (
  path: string,
): SVGTemplateResult => svg`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none"
  stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"><path d=${path}></path></svg>`;

/** Drawn here, so that the page needs no icon font. */
export const icons = {
  check: line('M3.5 8.5 6.5 11.5 12.5 4.5'),
  cross: line('M4.5 4.5l7 7M11.5 4.5l-7 7'),
  bell: line('M4 11V7.5a4 4 0 0 1 8 0V11l1 1H3zM6.8 14h2.4'),
  terminal: line('M2.5 3.5h11v9h-11zM5 6.5 7 8 5 9.5M8.5 10h2.5'),
  down: line('M8 3.5v9M4.5 9 8 12.5 11.5 9'),
  warning: line('M8 2.8 14 13.2H2zM8 6.8v2.8M8 11.4v.2'),
  gears: line('M2.5 5h5.5M11 5h2.5M2.5 11h2.5M8 11h5.5M9.5 3.4v3.2M6.5 9.4v3.2'),
  link: line(
    'M6.8 9.2 9.2 6.8M7.5 4.6 8.9 3.2a2.7 2.7 0 0 1 3.9 3.9L11.4 8.5M8.5 11.4 7.1 12.8A2.7 2.7 0 0 1 3.2 8.9L4.6 7.5',
  ),
} as const;
