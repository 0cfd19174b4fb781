import { html, LitElement, nothing, type TemplateResult } from 'lit';

import { type Lane, laneNames, lanes } from '../../state/lanes.ts';
import { icons } from '../icons.ts';
import { sharedStyles } from '../sharedStyles.ts';
import { filterBarStyles } from './filterBar.styles.ts';

/** Whether the newest entry is in view, and whether there can be newer ones at all. */
export type Liveness = 'live' | 'back' | 'old';

const livenessTexts: Readonly<Record<Liveness, string>> = { live: 'Live', back: 'Scrolled back', old: 'Not live' };

/**
 * Chooses whose entries are shown; at the same time the legend of the tracks. One tab stop, arrows move the choice.
 */
export class FilterBar extends LitElement {
  static override styles = [sharedStyles, filterBarStyles];
  static override properties = {
    lane: { attribute: false },
    counts: { attribute: false },
    showsMechanics: { attribute: false },
    isInChain: { attribute: false },
    liveness: { attribute: false },
  };

  declare lane: Lane | null;
  declare counts: Readonly<Record<Lane, number>>;
  declare showsMechanics: boolean;
  declare isInChain: boolean;
  declare liveness: Liveness;
  onLane: (lane: Lane | null) => void = () => {};
  onMechanics: () => void = () => {};
  onLeaveChain: () => void = () => {};

  constructor() {
    super();
    this.lane = null;
    this.counts = { you: 0, manager: 0, conveyor: 0, worker: 0 };
    this.showsMechanics = false;
    this.isInChain = false;
    this.liveness = 'live';
  }

  override render(): unknown {
    return html`
      <div class="choices" role="radiogroup" aria-label="Show entries of" @keydown=${this.#move}>
        ${[null, ...lanes].map((lane) => this.#choice(lane))}
      </div>
      ${
        this.isInChain
          ? html`<button aria-pressed="true" @click=${this.onLeaveChain}>
              ${icons.link} One chain ${icons.cross}
            </button>`
          : nothing
      }
      <div class="rest">
        <button
          aria-pressed=${this.showsMechanics}
          aria-label="Mechanics"
          title="Mechanics: cycle phases, dispatch attempts, chains"
          @click=${this.onMechanics}
        >
          ${icons.gears}<span class="word">Mechanics</span>
        </button>
        <span class="live dim ${this.liveness}" title=${livenessTexts[this.liveness]}
          ><span class="dot" aria-hidden="true"></span><span class="word">${livenessTexts[this.liveness]}</span></span
        >
      </div>
    `;
  }

  #choice(lane: Lane | null): TemplateResult {
    const isChosen = this.lane === lane;
    const count = lane === null ? Object.values(this.counts).reduce((sum, some) => sum + some, 0) : this.counts[lane];
    return html`<button
      role="radio"
      aria-checked=${isChosen}
      tabindex=${isChosen ? 0 : -1}
      class=${[lane === null ? '' : `lane-${lane}`, count === 0 ? 'empty' : ''].join(' ')}
      @click=${() => this.onLane(lane)}
    >
      ${lane === null ? 'All' : html`<span class="dot" aria-hidden="true"></span>${laneNames[lane]}`}
      <span class="count">${count}</span>
    </button>`;
  }

  readonly #move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [null, ...lanes];
    const next = (all.indexOf(this.lane) + step + all.length) % all.length;
    this.onLane(all[next] ?? null);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-checked="true"]')?.focus());
  };
}
