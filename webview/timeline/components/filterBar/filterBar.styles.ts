import { css } from 'lit';

export const filterBarStyles = css`
  :host {
    display: flex;
    align-items: center;
    flex-wrap: wrap;
    gap: 6px 12px;
    padding: 6px 20px;
    border-bottom: 1px solid var(--hairline);
  }
  .choices {
    display: flex;
    flex-wrap: wrap;
    gap: 2px;
  }
  button {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 24px;
  }
  button[aria-checked='true'],
  button[aria-pressed='true'] {
    background: var(--vscode-inputOption-activeBackground);
    color: var(--vscode-inputOption-activeForeground);
    border-color: var(--vscode-inputOption-activeBorder, var(--vscode-contrastActiveBorder, transparent));
  }
  .dot {
    width: 9px;
    height: 9px;
    border-radius: 50%;
    background: var(--lane);
  }
  .count {
    font-variant-numeric: tabular-nums;
    opacity: 0.75;
  }
  .empty {
    opacity: 0.6;
  }
  .rest {
    margin-inline-start: auto;
    display: flex;
    align-items: center;
    gap: 8px;
  }
  .live {
    display: inline-flex;
    align-items: center;
    gap: 6px;
  }
  .live .dot {
    background: none;
    border: 2px solid var(--vscode-charts-green);
  }
  .live.old .dot {
    border-color: var(--vscode-charts-yellow);
  }
  .live.live .dot {
    background: var(--vscode-charts-green);
  }
  @media (max-width: 640px) {
    :host {
      padding-inline: 8px;
      flex-wrap: nowrap;
    }
    button {
      padding-inline: 5px;
    }
    .count,
    .rest .word {
      display: none;
    }
  }
`;
