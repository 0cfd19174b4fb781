import { html, LitElement, nothing } from 'lit';

import type { TimelineEntry } from '../../../../src/protocol/timeline.ts';
import { kindLook } from '../../state/kinds.ts';
import { laneOf } from '../../state/lanes.ts';
import { fullTimeLabel } from '../../state/rows.ts';
import { icons } from '../icons.ts';
import { sharedStyles } from '../sharedStyles.ts';
import { entryDetailsStyles } from './entryDetails.styles.ts';

/** Everything about the chosen entry. */
export class EntryDetails extends LitElement {
  static override styles = [sharedStyles, entryDetailsStyles];
  static override properties = { entry: { attribute: false }, isInChain: { attribute: false } };

  declare entry: TimelineEntry | null;
  declare isInChain: boolean;
  onClose: () => void = () => {};
  onChain: (correlationId: string) => void = () => {};

  constructor() {
    super();
    this.entry = null;
    this.isInChain = false;
  }

  override render(): unknown {
    const { entry } = this;
    if (!entry) return nothing;
    const { correlationId } = entry;
    return html`
      <header>
        <h2 class="lane-${laneOf(entry.actor)}">
          <span class="dot" aria-hidden="true"></span>${kindLook(entry.kind).title}
        </h2>
        <button class="close" title="Close" aria-label="Close details" @click=${this.onClose}>${icons.cross}</button>
      </header>
      <p class="summary">${entry.summary}</p>
      <dl>
        <dt>When</dt>
        <dd><time datetime=${entry.at}>${fullTimeLabel(entry.at)}</time></dd>
        <dt>Who</dt>
        <dd>${entry.actor}${entry.toward === null ? nothing : ` → ${entry.toward}`}</dd>
        ${
          entry.state === null
            ? nothing
            : html`<dt>State</dt>
                <dd>${entry.state}</dd>`
        }
        ${entry.details.map(({ label, value }) =>
          value.includes('\n') || value.length > 80
            ? html`<dt class="wide">${label}</dt>
                <dd class="wide"><pre>${value}</pre></dd>`
            : html`<dt>${label}</dt>
                <dd>${value}</dd>`,
        )}
      </dl>
      ${
        correlationId === null || this.isInChain
          ? nothing
          : html`<button class="chain" @click=${() => this.onChain(correlationId)}>
              ${icons.link} Show the whole chain
            </button>`
      }
    `;
  }
}
