import { css } from 'lit';

export const entryDetailsStyles = css`
  :host {
    display: block;
    min-width: 0;
    min-height: 0;
    overflow: auto;
    padding: 12px 20px 20px;
    border-inline-start: 1px solid var(--hairline);
    background: var(--vscode-sideBar-background);
    color: var(--vscode-sideBar-foreground, inherit);
  }
  header {
    display: flex;
    align-items: start;
    gap: 8px;
  }
  h2 {
    flex: 1;
    margin: 2px 0 0;
    font-size: 1.05em;
    font-weight: 600;
  }
  h2 .dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-inline-end: 7px;
    border-radius: 50%;
    background: var(--lane);
  }
  .close {
    padding: 3px;
    line-height: 0;
  }
  .summary {
    margin: 10px 0 14px;
    line-height: 1.5;
    overflow-wrap: anywhere;
  }
  dl {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 5px 14px;
    margin: 0;
  }
  dt {
    color: var(--vscode-descriptionForeground);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  dd pre {
    margin: 0;
    padding: 8px 10px;
    border-radius: 4px;
    border: 1px solid var(--hairline);
    background: var(--vscode-textCodeBlock-background);
    font-family: var(--vscode-editor-font-family);
    font-size: var(--vscode-editor-font-size, 0.95em);
    white-space: pre-wrap;
  }
  .wide {
    grid-column: 1 / -1;
  }
  .chain {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    margin-block-start: 14px;
    border-color: var(--hairline);
  }
  @media (max-width: 760px) {
    :host {
      border-inline-start: none;
      border-block-start: 1px solid var(--hairline);
    }
  }
`;
