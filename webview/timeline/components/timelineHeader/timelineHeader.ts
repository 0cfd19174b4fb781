import { html, LitElement, nothing, type TemplateResult } from 'lit';

import type { ReadyScene } from '../../../../src/protocol/timelineView.ts';
import { icons } from '../icons.ts';
import { sharedStyles } from '../sharedStyles.ts';
import { timelineHeaderStyles } from './timelineHeader.styles.ts';

/** Beyond this many criteria a segment each says less than the words beside. */
const mostSegments = 16;

/** What the task is, who works on it, and how far its criteria are. */
export class TimelineHeader extends LitElement {
  static override styles = [sharedStyles, timelineHeaderStyles];
  static override properties = { scene: { attribute: false }, onOpenTerminal: { attribute: false } };

  declare scene: ReadyScene | null;
  declare onOpenTerminal: (session: string) => void;

  constructor() {
    super();
    this.scene = null;
    this.onOpenTerminal = () => {};
  }

  override render(): unknown {
    const { scene } = this;
    if (!scene) return nothing;
    return html`
      <h1>${scene.task} <span class="state">${scene.state}</span></h1>
      <p class="goal dim" title=${scene.goal}>${scene.goal}</p>
      <div class="facts">
        <div class="actors">${scene.actors.map((actor) => this.#actor(actor))}</div>
        ${meter(scene.criteria)}
      </div>
    `;
  }

  #actor({ role, name, word, needsYou }: ReadyScene['actors'][number]): TemplateResult {
    const classes = ['actor', `lane-${role}`, word === 'busy' ? 'busy' : '', needsYou ? 'waits' : ''].join(' ');
    return html`<button class=${classes} title="Open the terminal of ${name}" @click=${() => this.onOpenTerminal(name)}>
      ${needsYou ? icons.bell : html`<span class="dot" aria-hidden="true"></span>`}
      <span>${name}</span><span class="word">${word}</span>
    </button>`;
  }
}

function meter({ accepted, satisfied, proposed }: ReadyScene['criteria']): unknown {
  const wanted = accepted + satisfied;
  if (wanted + proposed === 0) return html`<div class="criteria dim">no criteria yet</div>`;
  const segments = [
    ...Array.from({ length: satisfied }, () => 'satisfied'),
    ...Array.from({ length: accepted }, () => 'accepted'),
    ...Array.from({ length: proposed }, () => 'proposed'),
  ];
  const words = [wanted > 0 ? `${satisfied} of ${wanted} satisfied` : '', proposed > 0 ? `${proposed} proposed` : ''];
  return html`<div class="criteria">
    <span class="dim">${words.filter(Boolean).join(', ')}</span>
    ${
      segments.length > mostSegments
        ? nothing
        : html`<span class="meter" aria-hidden="true">${segments.map((status) => html`<i class=${status}></i>`)}</span>`
    }
  </div>`;
}
