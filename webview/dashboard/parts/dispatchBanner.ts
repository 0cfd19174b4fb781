import { html, nothing, type TemplateResult } from 'lit';

import type { DashboardView } from '../../../src/protocol/dashboard.ts';
import { icons } from '../../timeline/components/icons.ts';
import { ageText } from '../ages.ts';

const words = {
  active: 'Dispatch active',
  rehearsing: 'Dispatch rehearses',
  stale: 'Dispatch stale',
  not_observed: 'Dispatch not observed',
} as const;

/** Who carries messages, and when that was seen last. `passedMs`: since the view was taken. */
export function dispatchBanner({ dispatch, detail }: DashboardView, passedMs: number): TemplateResult {
  const { status, message, dispatcherId, leader, iteration, processed, isDryRun, heartbeatAgeMs } = dispatch;
  const age = heartbeatAgeMs === null ? null : ageText(heartbeatAgeMs + passedMs);
  return html`<section class="banner ${status}" aria-label="Dispatch">
    <p class="status">
      ${status === 'active' ? html`<span class="dot" aria-hidden="true"></span>` : icons.warning}
      <strong>${words[status]}</strong> <span>${message}</span>
    </p>
    <dl class="facts">
      ${fact('Dispatcher', dispatcherId)} ${leader === dispatcherId ? nothing : fact('Leader', leader)}
      ${fact('Heartbeat', age)} ${fact('Iteration', iteration)} ${fact('Processed', processed)}
      ${heartbeatAgeMs === null ? nothing : fact('Mode', isDryRun ? 'dry run' : 'live')}
    </dl>
    ${detail === null ? nothing : chips(detail)}
  </section>`;
}

function fact(label: string, value: string | number | null): unknown {
  return value === null
    ? nothing
    : html`<div>
        <dt>${label}</dt>
        <dd>${value}</dd>
      </div>`;
}

type Detail = NonNullable<DashboardView['detail']>;

function chips({ counts }: Detail): unknown {
  const shown = [
    { label: 'queued', count: counts.queued, tone: '' },
    { label: 'failed', count: counts.failed, tone: 'bad' },
    { label: 'stale claims', count: counts.staleClaims, tone: 'warn' },
    { label: 'at risk', count: counts.atRisk, tone: 'warn' },
    { label: 'suppressed', count: counts.suppressed, tone: '' },
  ];
  return html`<ul class="chips" aria-label="Commands of this task">
    ${shown.map(({ label, count, tone }) => html`<li class=${count > 0 ? tone : 'none'}><b>${count}</b> ${label}</li>`)}
  </ul>`;
}
