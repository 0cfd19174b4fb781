import { css } from 'lit';

export const entryListStyles = css`
  :host {
    --track: 18px;
    display: block;
    position: relative;
    min-height: 0;
    min-width: 0;
  }
  .scroller {
    height: 100%;
    overflow: auto;
    padding-block-end: 12px;
  }
  .day {
    position: sticky;
    top: 0;
    z-index: 2;
    padding: 8px 20px 6px;
    background: var(--vscode-editor-background);
    font-weight: 600;
    font-size: 0.92em;
  }
  .row {
    display: grid;
    grid-template-columns: 5.4em calc(4 * var(--track)) 5.2em minmax(0, 1fr) auto;
    column-gap: 12px;
    padding-inline: 20px;
    min-height: 28px;
    cursor: pointer;
    scroll-margin-block: 36px 12px;
    content-visibility: auto;
    contain-intrinsic-block-size: auto 28px;
  }
  .row:hover {
    background: var(--vscode-list-hoverBackground);
    outline: 1px dashed var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }
  .row[aria-selected='true'] {
    background: var(--vscode-list-inactiveSelectionBackground);
    color: var(--vscode-list-inactiveSelectionForeground, inherit);
    outline: 1px solid var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }
  .row[aria-selected='true']:focus {
    background: var(--vscode-list-activeSelectionBackground);
    color: var(--vscode-list-activeSelectionForeground);
  }
  .row:focus-visible {
    outline: 1px solid var(--vscode-list-focusOutline, var(--vscode-focusBorder));
  }
  .row.fresh {
    animation: arrive 1.6s ease-out;
  }
  @keyframes arrive {
    from {
      background: var(--vscode-editor-findMatchHighlightBackground);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .row.fresh {
      animation: none;
    }
  }
  :host-context(.vscode-reduce-motion) .row.fresh {
    animation: none;
  }
  time {
    padding-block-start: 5px;
    text-align: end;
    font-variant-numeric: tabular-nums;
    color: var(--vscode-descriptionForeground);
    white-space: nowrap;
  }
  .text {
    margin-block: 4px;
    line-height: 1.45;
    overflow-wrap: anywhere;
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    overflow: hidden;
    max-width: 110ch;
  }
  .who {
    padding-block-start: 5px;
    color: var(--vscode-descriptionForeground);
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .milestone .text {
    font-weight: 600;
  }
  .observe .text,
  .mechanics .text {
    color: var(--vscode-descriptionForeground);
  }
  .mark {
    padding-block-start: 4px;
    display: inline-flex;
    align-items: flex-start;
    gap: 4px;
    white-space: nowrap;
    font-size: 0.92em;
  }
  .mark.ok {
    color: var(--vscode-charts-green);
  }
  /* Some themes' error colour is too pale for small text: the sign has it, the word does not. */
  .mark.bad svg {
    color: var(--vscode-errorForeground);
  }
  .mark.warning svg {
    color: var(--vscode-list-warningForeground);
  }
  .mark.error svg {
    color: var(--vscode-errorForeground);
  }
  .mark.open span {
    padding: 0 7px;
    border: 1px solid var(--vscode-descriptionForeground);
    border-radius: 9px;
    color: var(--vscode-descriptionForeground);
  }
  .row[aria-selected='true'] :is(time, .who, .text, .mark) {
    color: inherit;
  }
  .pause {
    display: grid;
    grid-template-columns: 5.4em calc(4 * var(--track)) minmax(0, 1fr);
    column-gap: 12px;
    padding-inline: 20px;
    min-height: 26px;
    color: var(--vscode-descriptionForeground);
  }
  .pause .later {
    padding-block-start: 5px;
    font-size: 0.9em;
  }
  .older {
    padding: 8px 20px;
    text-align: center;
  }
  .newest {
    position: absolute;
    inset-block-end: 16px;
    inset-inline-end: 24px;
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 4px 12px 4px 8px;
    border-radius: 14px;
    border-color: var(--vscode-button-border, var(--vscode-contrastBorder, transparent));
    background: var(--vscode-button-background);
    color: var(--vscode-button-foreground);
    box-shadow: 0 2px 8px var(--vscode-widget-shadow);
  }
  .newest:hover {
    background: var(--vscode-button-hoverBackground);
  }
  .nothing {
    padding: 32px 20px;
    text-align: center;
  }
  @media (max-width: 640px) {
    .row,
    .pause {
      padding-inline: 12px;
      column-gap: 8px;
      --track: 13px;
      grid-template-columns: 5em calc(4 * var(--track)) minmax(0, 1fr) auto;
    }
    .day {
      padding-inline: 12px;
    }
    .who {
      display: none;
    }
  }
`;
