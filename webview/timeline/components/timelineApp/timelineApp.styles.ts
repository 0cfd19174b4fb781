import { css } from 'lit';

export const timelineAppStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto auto auto minmax(0, 1fr);
    height: 100vh;
  }
  .stale {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 6px 20px;
    border-bottom: 1px solid var(--vscode-inputValidation-warningBorder, var(--hairline));
    background: var(--vscode-inputValidation-warningBackground);
    color: var(--vscode-inputValidation-warningForeground, inherit);
  }
  main {
    grid-row: -2 / -1;
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    min-height: 0;
  }
  main.with-details {
    grid-template-columns: minmax(0, 1fr) minmax(280px, 36%);
  }
  @media (max-width: 760px) {
    main.with-details {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: minmax(0, 1fr) minmax(0, 45%);
    }
  }
`;
