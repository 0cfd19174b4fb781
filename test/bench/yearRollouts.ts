import { closeSync, openSync, writeSync } from 'node:fs';
import { Dice } from './yearDice.ts';

export interface YearRollout {
  readonly thread: string;
  /** How many lines it has, the head included. */
  readonly events: number;
  readonly from: number;
  readonly until: number;
}

const pieceLength = 1 << 20;

/** A rollout as Codex writes it: turns of thirty lines with reasoning, calls, outputs, counts and words. */
export function writeYearRollout(path: string, { thread, events, from, until }: YearRollout): void {
  const dice = new Dice([...thread].reduce((seed, character) => seed * 31 + (character.codePointAt(0) ?? 0), events));
  const file = openSync(path, 'w', 0o600);
  let pending = '';
  for (let index = 0; index < events; index += 1) {
    const at = new Date(from + ((until - from) * index) / Math.max(1, events - 1)).toISOString();
    pending += `${JSON.stringify({ timestamp: at, ...lineOf(index, thread, dice) })}\n`;
    if (pending.length < pieceLength) continue;
    writeSync(file, pending);
    pending = '';
  }
  writeSync(file, pending);
  closeSync(file);
}

interface Line {
  readonly type: string;
  readonly payload: object;
}

const linesOfTurn = 30;

function lineOf(index: number, thread: string, dice: Dice): Line {
  if (index === 0) return { type: 'session_meta', payload: { id: thread, cwd: '/srv/app', cli_version: '0.169.0' } };
  const turn_id = `turn-${Math.floor(index / linesOfTurn)}`;
  const place = index % linesOfTurn;
  switch (place) {
    case 1:
      return event('task_started', { turn_id, model_context_window: 272_000 });
    case 2:
      return event('user_message', { message: dice.words(dice.between(8, 60)), kind: 'plain' });
    case linesOfTurn - 1:
      return event('task_complete', {
        turn_id,
        last_agent_message: dice.words(20),
        duration_ms: dice.between(9e3, 6e5),
      });
    default:
      return place % 4 === 0 ? counts(dice) : work(place, dice);
  }
}

function work(place: number, dice: Dice): Line {
  const call_id = `call_${dice.between(1, 1e9)}`;
  switch (place % 4) {
    case 1:
      return item('function_call', { name: 'shell', call_id, arguments: `{"command":"${dice.words(6)}"}` });
    case 2:
      return item('function_call_output', { call_id, output: dice.words(dice.between(10, 160)) });
    default:
      return place % 8 === 3
        ? event('agent_message', { message: dice.words(dice.between(10, 80)) })
        : item('reasoning', { summary: [{ type: 'summary_text', text: dice.words(30) }] });
  }
}

function counts(dice: Dice): Line {
  const total_token_usage = { input_tokens: dice.between(1e3, 2e6), output_tokens: dice.between(1e2, 1e5) };
  return event('token_count', { info: { total_token_usage }, rate_limits: null });
}

function event(type: string, fields: object): Line {
  return { type: 'event_msg', payload: { type, ...fields } };
}

function item(type: string, fields: object): Line {
  return { type: 'response_item', payload: { type, ...fields } };
}
