import { rmSync } from 'node:fs';
import { isSameText, prepareText } from '../../src/core/delivery/messageText.ts';
import type { StartedSession } from '../../src/core/delivery/startSession.ts';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { type RealCodex, setUpCodex, userTexts } from '../codex/realCodex.ts';
import { runShell, say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { type NastyMessage, nastyMessages } from './nastyMessages.ts';

/**
 * A hundred and more messages of the nasty kinds into a real Codex in every situation: each must arrive exactly once, or
 * be put off for the obstacle that is really there, or be refused in a sentence. Nothing else may happen.
 */
interface Situation {
  readonly name: string;
  readonly take: (message: NastyMessage, index: number) => boolean;
  /** Why it may be put off here, and nothing else. */
  readonly obstacle: string | null;
  readonly size?: { readonly width: number; readonly height: number };
  prepare(pane: Pane, round: number): Promise<void>;
  /** So that the next message meets the same. */
  restore(pane: Pane): Promise<void>;
}

interface Pane {
  readonly real: RealCodex;
  readonly session: StartedSession;
}

const nothing = () => Promise.resolve();
const every = (step: number) => (_message: NastyMessage, index: number) => index % step === 0;

const situations: readonly Situation[] = [
  { name: 'idle', take: () => true, obstacle: null, prepare: nothing, restore: nothing },
  {
    name: '40 columns',
    take: every(2),
    obstacle: null,
    size: { width: 40, height: 20 },
    prepare: nothing,
    restore: nothing,
  },
  {
    name: 'pane zoomed beside another',
    take: every(4),
    obstacle: null,
    prepare: async ({ real, session }, round) => {
      if (round > 0) return;
      real.server.raw('split-window', '-d', '-t', session.paneId, 'cat');
      real.server.raw('resize-pane', '-Z', '-t', session.paneId);
      await pause(500);
    },
    restore: nothing,
  },
  {
    name: 'in copy mode',
    take: every(4),
    obstacle: null,
    prepare: ({ real, session }) => Promise.resolve(void real.server.raw('copy-mode', '-t', session.paneId)),
    restore: nothing,
  },
  {
    name: 'busy, answer streams',
    take: every(3),
    obstacle: null,
    prepare: async (pane, round) => {
      await begin(pane, `stream ${round}`);
    },
    restore: (pane) => settled(pane),
  },
  {
    name: 'busy, a command runs',
    take: every(4),
    obstacle: null,
    prepare: async (pane, round) => {
      await begin(pane, `command ${round}`);
      await pause(700);
    },
    restore: (pane) => settled(pane),
  },
  {
    name: 'a draft in the composer',
    take: every(4),
    obstacle: 'composer_has_text',
    prepare: async ({ real, session }) => {
      real.server.raw('send-keys', '-t', session.paneId, '-l', 'what I am about to say');
      await until('the draft shows', async () => (await real.screen(session)).includes('about to say'));
    },
    restore: async ({ real, session }) => {
      if (!(await real.screen(session)).includes('about to say')) throw new Error('the draft is gone');
      real.server.raw('send-keys', '-t', session.paneId, 'C-u');
      await until('the draft is cleared', async () => !(await real.screen(session)).includes('about to say'));
    },
  },
  {
    name: 'an approval is asked',
    take: every(4),
    obstacle: 'dialog_open',
    prepare: async (pane, round) => {
      await begin(pane, `ask ${round}`);
      await until('it asks', async () => (await pane.real.screen(pane.session)).includes('Would you like to run'));
    },
    restore: async (pane) => {
      if (!(await pane.real.screen(pane.session)).includes('Would you like to run')) throw new Error('it was answered');
      pane.real.server.raw('send-keys', '-t', pane.session.paneId, 'Escape');
      await settled(pane);
    },
  },
];

interface Row {
  sent: number;
  'arrived once': number;
  'put off, obstacle named': number;
  'refused, said why': number;
  wrong: number;
}

const table: Record<string, Row> = {};
const wrongs: string[] = [];
const only = process.argv[2];
for (const situation of situations.filter(({ name }) => only === undefined || name.includes(only)))
  await play(situation);
console.table(table);
for (const wrong of wrongs) console.log(wrong);
const rows = Object.values(table);
const total = (key: keyof Row) => rows.reduce((sum, row) => sum + row[key], 0);
console.log(`${total('sent')} messages, ${total('arrived once')} arrived once, ${total('wrong')} wrong`);
process.exitCode = wrongs.length > 0 ? 1 : 0;

async function play(situation: Situation): Promise<void> {
  const row: Row = { sent: 0, 'arrived once': 0, 'put off, obstacle named': 0, 'refused, said why': 0, wrong: 0 };
  table[situation.name] = row;
  const real = await setUpCodex((request) => {
    const text = request.lastUserText;
    if (/^stream \d/.test(text))
      return { kind: 'answer', parts: [{ type: 'text', text: 'and so on '.repeat(40), pieces: 40, pieceMs: 80 }] };
    if (/^command \d/.test(text) && request.newToolOutputs.length === 0) return runShell(request, 'sleep 2.5');
    if (/^ask \d/.test(text)) return runShell(request, 'touch asked-for', { escalate: true });
    return say('understood');
  });
  try {
    const pane: Pane = { real, session: await real.start('trial', situation.size ?? {}) };
    await begin(pane, 'hello');
    await settled(pane);
    const chosen = nastyMessages.filter(situation.take);
    for (const [round, message] of chosen.entries()) {
      row.sent += 1;
      const verdict = await send(situation, pane, message, round);
      if (verdict in row) row[verdict as keyof Row] += 1;
      else {
        row.wrong += 1;
        wrongs.push(`${situation.name}, ${message.kind}: ${verdict}`);
        break; // the pane may be anywhere now
      }
    }
  } finally {
    rmSync(`${real.workspace}/asked-for`, { force: true });
    await real.close();
  }
}

async function send(situation: Situation, pane: Pane, message: NastyMessage, round: number): Promise<string> {
  const { real, session } = pane;
  const { text } = message;
  const before = userTexts(real.events(session)).length;
  await situation.prepare(pane, round);
  const begun = userTexts(real.events(session)).length - before;
  const verdict = await outcome(situation, pane, text, message);
  await situation.restore(pane);
  const said = userTexts(real.events(session)).slice(before + begun);
  const expected = verdict === 'arrived once' ? [prepareText(text).recorded] : [];
  const isRight = said.length === expected.length && said.every((one, at) => isSameText(one, expected[at] ?? ''));
  return isRight ? verdict : `${verdict}, but the rollout says ${JSON.stringify(said).slice(0, 300)}`;
}

async function outcome(
  { obstacle }: Situation,
  { real, session }: Pane,
  text: string,
  message: NastyMessage,
): Promise<string> {
  try {
    const result = await real.deliver(session, text);
    if (message.isRefused === true) return `${result.outcome} what is to be refused`;
    if (result.outcome === 'deferred')
      return result.reason === obstacle ? 'put off, obstacle named' : `put off: ${result.reason}`;
    if (result.outcome === 'undelivered') return `undelivered: ${result.reason}`;
    if (obstacle !== null) return `typed although ${obstacle}`;
    const wanted = prepareText(text).recorded;
    await until('it arrives', () => userTexts(real.events(session)).some((one) => isSameText(one, wanted)), 30);
    return 'arrived once';
  } catch (error) {
    if (!ConveyorError.is(error, 'message_refused')) throw error;
    return message.isRefused === true ? 'refused, said why' : `refused: ${error.message}`;
  }
}

async function begin({ real, session }: Pane, text: string): Promise<void> {
  const result = await real.deliver(session, text);
  if (result.outcome !== 'delivered')
    throw new Error(`"${text}" could not be said: ${result.outcome} ${result.reason}`);
  await until(`"${text}" arrives`, () => userTexts(real.events(session)).includes(text), 30);
}

/** Until no turn runs and the composer is empty. */
async function settled({ real, session }: Pane): Promise<void> {
  const isOver = () => {
    const turns = real
      .events(session)
      .filter(({ kind }) => ['turnStarted', 'turnCompleted', 'turnAborted'].includes(kind));
    return turns.at(-1)?.kind !== 'turnStarted';
  };
  await until('the turn ends', isOver, 60);
  await pause(300);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
