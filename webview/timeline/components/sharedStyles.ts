import { css } from 'lit';

/** What every part of the page shares: box model, focus, buttons, and what is said but not shown. */
export const sharedStyles = css`
  :host {
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  :focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: -1px;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 1px solid transparent;
    border-radius: 4px;
    padding: 2px 8px;
    cursor: pointer;
  }
  button:hover {
    background: var(--vscode-toolbar-hoverBackground);
    outline: 1px dashed var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }
  button:focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
  }
  .dim {
    color: var(--vscode-descriptionForeground);
  }
  .spoken {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .lane-you {
    --lane: var(--lane-you);
  }
  .lane-manager {
    --lane: var(--lane-manager);
  }
  .lane-conveyor {
    --lane: var(--lane-conveyor);
  }
  .lane-worker {
    --lane: var(--lane-worker);
  }
`;
