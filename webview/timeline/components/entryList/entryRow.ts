import { html, nothing, type TemplateResult } from 'lit';

import type { TimelineEntry } from '../../../../src/protocol/timeline.ts';
import { kindLook, saysItsState, stateMark } from '../../state/kinds.ts';
import { type Lane, laneNames, laneOf, lanes } from '../../state/lanes.ts';
import { timeLabel } from '../../state/rows.ts';
import { icons } from '../icons.ts';

export interface EntryRowParts {
  readonly entry: TimelineEntry;
  readonly isSelected: boolean;
  /** The one row that Tab reaches. */
  readonly isTabStop: boolean;
  readonly isFresh: boolean;
}

export function entryRow({ entry, isSelected, isTabStop, isFresh }: EntryRowParts): TemplateResult {
  const lane = laneOf(entry.actor);
  const { weight } = kindLook(entry.kind);
  const classes = ['row', weight, entry.kind === 'observe' ? 'observe' : '', isFresh ? 'fresh' : '']
    .filter(Boolean)
    .join(' ');
  return html`<div
    class=${classes}
    role="option"
    id=${entry.id}
    data-id=${entry.id}
    aria-selected=${isSelected}
    tabindex=${isTabStop ? 0 : -1}
  >
    <time datetime=${entry.at}>${timeLabel(entry.at)}</time>
    ${tracks(lane, entry.toward)}
    <div class="who">${whoText(entry.actor, lane)}</div>
    <div class="text">${entry.summary}</div>
    ${mark(entry)}
  </div>`;
}

export function pauseRow(label: string): TemplateResult {
  return html`<div class="pause" role="presentation">
    <span></span>${tracks(null, null)}<span class="later">${label}</span>
  </div>`;
}

/** Tools that act for the same lane keep their own name: dispatch, reviewer. */
function whoText(actor: string, lane: Lane): string {
  if (actor === 'dispatch') return 'Dispatch';
  if (actor === 'reviewer') return 'Reviewer';
  return laneNames[lane];
}

function tracks(own: Lane | null, toward: 'worker' | 'manager' | null): TemplateResult {
  return html`<div class="tracks" aria-hidden="true">
    ${lanes.map((lane) => html`<div class="track lane-${lane}">${lane === own ? html`<span class="stop"></span>` : nothing}</div>`)}
    ${own !== null && toward !== null && toward !== own ? flow(own, toward) : nothing}
  </div>`;
}

function flow(own: Lane, toward: Lane): TemplateResult {
  const [from, to] = [lanes.indexOf(own), lanes.indexOf(toward)];
  const direction = to > from ? 'rightward' : 'leftward';
  return html`<span class="flow lane-${own} ${direction} at-${Math.min(from, to)} over-${Math.abs(to - from)}"></span>`;
}

function mark({ kind, state, severity }: TimelineEntry): TemplateResult {
  switch (stateMark(state)) {
    case 'bad':
      return html`<span class="mark bad">${icons.cross}<span>${state}</span></span>`;
    case 'ok':
      // A look that worked is the rule: marking each would hide what isn't.
      if (kind === 'observe') break;
      return html`<span class="mark ok" title=${state ?? ''}>${icons.check}<span class="spoken">${state}</span></span>`;
    case 'open':
      if (saysItsState(kind)) break;
      return html`<span class="mark open"><span>${state}</span></span>`;
  }
  if (severity === 'info') return html`<span class="mark"></span>`;
  return html`<span class="mark ${severity}" title=${severity}
    >${icons.warning}<span class="spoken">${severity}</span></span
  >`;
}
