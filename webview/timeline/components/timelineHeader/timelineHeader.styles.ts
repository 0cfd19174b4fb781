import { css } from 'lit';

export const timelineHeaderStyles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 4px 24px;
    padding: 14px 20px 12px;
    border-bottom: 1px solid var(--hairline);
  }
  h1 {
    margin: 0;
    font-size: 1.35em;
    font-weight: 600;
    display: flex;
    align-items: baseline;
    gap: 10px;
    overflow-wrap: anywhere;
  }
  .state {
    font-size: 0.7em;
    font-weight: 500;
    padding: 1px 8px;
    border-radius: 10px;
    border: 1px solid var(--vscode-contrastBorder, transparent);
    background: var(--vscode-badge-background);
    color: var(--vscode-badge-foreground);
  }
  .goal {
    margin: 0;
    max-width: 90ch;
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    overflow: hidden;
  }
  .facts {
    grid-column: 2;
    grid-row: 1 / span 2;
    display: flex;
    flex-direction: column;
    align-items: flex-end;
    gap: 8px;
  }
  .actors {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 6px;
  }
  .actor {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 2px 9px 2px 7px;
    border-color: var(--hairline);
    border-radius: 12px;
    white-space: nowrap;
  }
  .actor.waits {
    background: var(--vscode-statusBarItem-warningBackground);
    color: var(--vscode-statusBarItem-warningForeground);
  }
  .dot {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    border: 2px solid var(--lane);
  }
  .busy .dot {
    background: var(--lane);
    animation: breathe 1.8s ease-in-out infinite;
  }
  @keyframes breathe {
    50% {
      opacity: 0.35;
    }
  }
  .word {
    opacity: 0.8;
  }
  .criteria {
    display: flex;
    align-items: center;
    gap: 8px;
  }
  .meter {
    display: flex;
    gap: 3px;
  }
  .meter i {
    width: 18px;
    height: 6px;
    border-radius: 3px;
    border: 1px solid var(--vscode-descriptionForeground);
  }
  .meter .satisfied {
    background: var(--vscode-charts-green);
    border-color: var(--vscode-charts-green);
  }
  .meter .proposed {
    border-style: dashed;
  }
  @media (prefers-reduced-motion: reduce) {
    .busy .dot {
      animation: none;
    }
  }
  :host-context(.vscode-reduce-motion) .busy .dot {
    animation: none;
  }
  @media (max-width: 640px) {
    :host {
      grid-template-columns: minmax(0, 1fr);
      padding-inline: 12px;
    }
    .facts {
      grid-column: 1;
      grid-row: auto;
      align-items: flex-start;
    }
    .actors {
      justify-content: flex-start;
    }
  }
`;
