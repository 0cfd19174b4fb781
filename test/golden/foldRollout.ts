import { detectRolloutGrammar, parseRolloutLine, type RolloutRecord } from '../../src/core/codex/parseRolloutLine.ts';
import { readTurnEvent } from '../../src/core/codex/readTurnEvent.ts';
import { createRolloutLineSplitter, type RolloutLine } from '../../src/core/codex/rolloutLines.ts';
import type { TurnEvent } from '../../src/core/domain/turnEvent.ts';
import { initialTurnState, reduceTurn, type TurnState } from '../../src/core/domain/turnState.ts';
import {
  initialWorkerState,
  reduceWorkerState,
  viewWorkerState,
  type WorkerStateView,
} from '../../src/core/domain/workerState.ts';
import type { Outcome } from './rolloutTruth.ts';

export interface FoldedRollout {
  readonly records: readonly RolloutRecord[];
  readonly events: readonly TurnEvent[];
  readonly skipped: number;
  readonly state: TurnState;
  readonly worker: WorkerStateView;
  /** Outcomes of the turns in order, and `working` when the last one is open. */
  readonly turns: readonly Outcome[];
}

/** The whole way of a rollout: bytes, lines, records, events, state. */
export function foldRollout(content: Buffer, chunkSize = content.length): FoldedRollout {
  const splitter = createRolloutLineSplitter();
  const lines: RolloutLine[] = [];
  for (let from = 0; from < content.length; from += chunkSize) {
    lines.push(...splitter.push(content.subarray(from, from + chunkSize)));
  }
  const grammar = lines[0] === undefined ? 'envelope' : detectRolloutGrammar(lines[0]);
  const parsed = lines.map((line) => parseRolloutLine(line, grammar));
  const records = parsed.filter((line) => line.kind === 'record');
  const events = records.map(readTurnEvent);

  const turns: Outcome[] = [];
  let state = initialTurnState;
  let worker = initialWorkerState;
  for (const event of events) {
    const before = state.turn;
    state = reduceTurn(state, event);
    worker = reduceWorkerState(worker, event);
    const { turn } = state;
    if (turn.phase === 'ended' && turn !== before) {
      if (before.phase === 'ended') turns.pop();
      turns.push(turn.outcome);
    }
  }
  if (state.turn.phase === 'working') turns.push('working');
  return { records, events, skipped: parsed.length - records.length, state, worker: viewWorkerState(worker), turns };
}
