import { css } from 'lit';

/** The four tracks: a line each, a stop where somebody acts, an arrow where something goes over. */
export const trackStyles = css`
  .tracks {
    position: relative;
    display: grid;
    grid-template-columns: repeat(4, var(--track));
  }
  .track {
    position: relative;
  }
  .track::before {
    content: '';
    position: absolute;
    inset-block: 0;
    inset-inline-start: calc(50% - 0.75px);
    width: 1.5px;
    background: var(--lane);
    opacity: 0.32;
  }
  .pause .track::before {
    background: none;
    border-inline-start: 1.5px dotted var(--lane);
  }
  .stop {
    position: absolute;
    inset-block-start: 14px;
    inset-inline-start: 50%;
    translate: -50% -50%;
    width: 10px;
    height: 10px;
    border-radius: 50%;
    border: 2px solid var(--lane);
    background: var(--lane);
    z-index: 1;
  }
  .milestone .stop {
    width: 12px;
    height: 12px;
    border-radius: 3px;
    rotate: 45deg;
    transform-origin: center;
  }
  .observe .stop {
    background: var(--vscode-editor-background);
  }
  .mechanics .stop {
    width: 6px;
    height: 6px;
  }
  .flow {
    position: absolute;
    inset-block-start: 13px;
    height: 2px;
    background: var(--lane);
  }
  .flow::after {
    content: '';
    position: absolute;
    inset-block-start: -4px;
    border: 5px solid transparent;
  }
  .flow.rightward::after {
    right: -1px;
    border-left: 7px solid var(--lane);
    border-right: none;
  }
  .flow.leftward::after {
    left: -1px;
    border-right: 7px solid var(--lane);
    border-left: none;
  }
  .flow.at-0 {
    left: calc(0.5 * var(--track));
  }
  .flow.at-1 {
    left: calc(1.5 * var(--track));
  }
  .flow.at-2 {
    left: calc(2.5 * var(--track));
  }
  .flow.over-1 {
    width: var(--track);
  }
  .flow.over-2 {
    width: calc(2 * var(--track));
  }
  .flow.over-3 {
    width: calc(3 * var(--track));
  }
  :host-context(.vscode-high-contrast) .track::before {
    opacity: 0.7;
  }
`;
