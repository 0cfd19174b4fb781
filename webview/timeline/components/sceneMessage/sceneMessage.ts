import { css, html, LitElement, nothing, svg } from 'lit';

import { sharedStyles } from '../sharedStyles.ts';

export type SceneTone = 'loading' | 'empty' | 'failed';

/** What stands in place of the entries while there are none: a drawing, a sentence, a way on. */
export class SceneMessage extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 6px;
        padding: 24px;
        text-align: center;
        height: 100%;
      }
      svg {
        width: 132px;
        height: 84px;
        margin-block-end: 10px;
      }
      h2 {
        margin: 0;
        font-size: 1.15em;
        font-weight: 600;
        max-width: 60ch;
        overflow-wrap: anywhere;
      }
      p {
        margin: 0;
        max-width: 56ch;
        line-height: 1.5;
      }
      button {
        margin-block-start: 12px;
        padding: 5px 16px;
        border-color: var(--vscode-button-border, var(--vscode-contrastBorder, transparent));
        background: var(--vscode-button-background);
        color: var(--vscode-button-foreground);
      }
      button:hover {
        background: var(--vscode-button-hoverBackground);
      }
      .faint {
        opacity: 0.35;
      }
    `,
  ];
  static override properties = { tone: {}, heading: {}, text: {}, action: {} };

  declare tone: SceneTone;
  declare heading: string;
  declare text: string;
  declare action: string;
  onAction: () => void = () => {};

  constructor() {
    super();
    this.tone = 'empty';
    this.heading = '';
    this.text = '';
    this.action = '';
  }

  override render(): unknown {
    return html`
      ${drawing(this.tone)}
      <h2 role=${this.tone === 'failed' ? 'alert' : nothing}>${this.heading}</h2>
      ${this.text === '' ? nothing : html`<p class="dim">${this.text}</p>`}
      ${this.action === '' ? nothing : html`<button @click=${this.onAction}>${this.action}</button>`}
    `;
  }
}

/** The tracks: waiting for their first stop, or interrupted. */
function drawing(tone: SceneTone): unknown {
  const broken = tone === 'failed';
  const track = (x: number, lane: string) => svg`
    <g stroke="var(--lane-${lane})" fill="var(--lane-${lane})" stroke-width="2.5" stroke-linecap="round">
      <path class="faint" d=${broken ? `M${x} 6V30M${x} 56V80` : `M${x} 6V80`}></path>
    </g>`;
  return html`<svg viewBox="0 0 132 84" fill="none" aria-hidden="true">
    ${track(24, 'you')} ${track(52, 'manager')} ${track(80, 'conveyor')} ${track(108, 'worker')}
    ${
      broken
        ? svg`<g stroke="var(--vscode-errorForeground)" stroke-width="3" stroke-linecap="round"><path d="M59 36l14 14M73 36L59 50"></path></g>`
        : svg`<g stroke-width="2.5"><circle cx="52" cy="30" r="6" stroke="var(--lane-manager)" fill="var(--vscode-editor-background)"></circle>
          <path d="M60 54H98" stroke="var(--lane-conveyor)" stroke-dasharray="2 6" stroke-linecap="round"></path>
          <circle cx="108" cy="54" r="6" stroke="var(--lane-worker)" fill="var(--vscode-editor-background)"></circle></g>`
    }
  </svg>`;
}
