import * as z from 'zod/mini';
import { classifyBusyWait, classifyStartup } from '../codex/classifyPane.ts';
import { refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { ageSeconds } from '../domain/timestamps.ts';
import { workerStatusStates } from '../ledger/legacyWorkerStore.ts';
import {
  type CaptureRecord,
  lookAtScreen,
  recordCapture,
  type Screen,
  type LegacyTarget,
} from '../supervise/legacyCapture.ts';
import { judgeIdleness } from '../supervise/legacyIdleness.ts';
import { flag, integerWithDefault, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { requireTarget } from './legacyTarget.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { newestStatusOf } from './workerFolders.ts';

const name = positional('name of the worker, or of a registered session', 'NAME');
const lines = integerWithDefault('how much of the terminal is looked at', 200);
const noRefresh = flag('keep the record of its terminal as it is');
const text = () => z.nullable(z.string());

/** What a worker says and how its terminal stands. Trouble with the terminal is part of the answer. */
export const status = defineOperation({
  name: 'status',
  summary: 'Show what a worker says and how its terminal stands.',
  effect: 'writes',
  inputs: { name, noRefresh, lines },
  output: () =>
    z.object({
      name: z.string(),
      tmux_session: text(),
      running: z.boolean(),
      startup: text(),
      startup_reason: text(),
      startup_recommended_action: text(),
      state: z.enum(workerStatusStates),
      current_task: text(),
      next_action: text(),
      blocker: text(),
      status_last_update: text(),
      terminal_captured_at: text(),
      terminal_changed_at: text(),
      terminal_capture_error: text(),
    }),
  run: async (context, input) => {
    const target = requireTarget(context, input.name);
    const look = await lookAtScreen(target, input.lines);
    const record =
      look.screen === null || input.noRefresh
        ? known(target)
        : recordCapture(context, target, look.screen, input.lines);
    const said = newestStatusOf(context, input.name, target.folder);
    return {
      name: input.name,
      tmux_session: target.address?.session ?? null,
      running: look.isRunning === true,
      ...startupOf(target, look.screen),
      state: said.state,
      current_task: said.current_task,
      next_action: said.next_action,
      blocker: said.blocker,
      status_last_update: said.last_update,
      terminal_captured_at: look.error === null ? (record?.captured_at ?? null) : null,
      terminal_changed_at: look.error === null ? (record?.changed_at ?? null) : null,
      terminal_capture_error: look.error,
    };
  },
});

function known({ folder }: LegacyTarget): Pick<CaptureRecord, 'captured_at' | 'changed_at'> | null {
  return folder?.readCaptureMeta() ?? null;
}

/** As it was when the worker was started; of a session, as its screen shows it now. */
function startupOf({ folder }: LegacyTarget, screen: Screen | null) {
  const config = folder?.readConfig();
  const seen = screen === null || config?.startup != null ? null : classifyStartup(screen.text, screen.title);
  return {
    startup: config?.startup ?? seen?.startup ?? null,
    startup_reason: config?.startup_reason ?? seen?.startup_reason ?? null,
    startup_recommended_action: config?.startup_recommended_action ?? null,
  };
}

const seconds = { placeholder: 'SECONDS' };

/** Whether a worker needs somebody. */
export const idleCheck = defineOperation({
  name: 'idle-check',
  summary: 'Say whether a worker needs somebody, and why.',
  effect: 'writes',
  inputs: {
    name,
    noRefresh,
    lines,
    statusStaleSeconds: integerWithDefault('how old its status may be', 120, seconds),
    terminalStaleSeconds: integerWithDefault('how long its terminal may stand still', 120, seconds),
    busyWaitSeconds: integerWithDefault('how long a turn may take before that is notable', 90, seconds),
  },
  output: () =>
    z.looseObject({ name: z.string(), health: z.string(), recommended_action: z.string(), running: z.boolean() }),
  run: async (context, input) => {
    const target = requireTarget(context, input.name);
    // One look for everything (AT-19).
    const look = await lookAtScreen(target, input.lines);
    const record =
      look.screen === null || input.noRefresh
        ? known(target)
        : recordCapture(context, target, look.screen, input.lines);
    const said = newestStatusOf(context, input.name, target.folder);
    const now = context.clock.now();
    const statusAge = ageSeconds(said.last_update, now);
    const terminalAge = ageSeconds(record?.changed_at ?? null, now);
    const busyWait =
      look.screen === null
        ? null
        : classifyBusyWait({
            text: look.screen.text,
            title: look.screen.title,
            statusAgeSeconds: statusAge,
            busyWaitSeconds: input.busyWaitSeconds,
          });
    const facts = {
      isRunning: look.isRunning,
      state: said.state,
      statusAge,
      terminalAge,
      captureError: look.error,
      busyWait,
    };
    const patience = { statusSeconds: input.statusStaleSeconds, terminalSeconds: input.terminalStaleSeconds };
    return {
      ...judgeIdleness(facts, patience),
      name: input.name,
      tmux_session: target.address?.session ?? null,
      running: look.isRunning === true,
      state: said.state,
      current_task: said.current_task,
      next_action: said.next_action,
      blocker: said.blocker,
      status_age_seconds: statusAge,
      status_last_update: said.last_update,
      status_stale_seconds: input.statusStaleSeconds,
      terminal_age_seconds: terminalAge,
      terminal_changed_at: record?.changed_at ?? null,
      terminal_stale_seconds: input.terminalStaleSeconds,
      terminal_fresh: look.error === null,
      capture_error: look.error,
      busy_wait_pattern: busyWait?.pattern ?? null,
      busy_wait_seconds: input.busyWaitSeconds,
    };
  },
});

interface Captured {
  readonly name: string;
  readonly byte_count: number;
  readonly line_count: number;
  readonly history_lines: number;
  readonly sha256: string;
  readonly captured_at: string;
  /** Null for a session: nothing of its screen is kept. */
  readonly transcript_path: string | null;
  readonly content_redacted: boolean;
  readonly content: string | null;
}

/** A picture of a terminal: its measure, or its words when they are asked for. */
export const capture = defineOperation({
  name: 'capture',
  summary: 'Look at a terminal: print its measure, or its words when asked for.',
  effect: 'writes',
  inputs: { name, lines, ...contentFlags },
  output: (): z.ZodMiniType<Captured> =>
    z.object({
      name: z.string(),
      byte_count: z.number(),
      line_count: z.number(),
      history_lines: z.number(),
      sha256: z.string(),
      captured_at: z.string(),
      transcript_path: text(),
      content_redacted: z.boolean(),
      content: text(),
    }),
  run: async (context, input): Promise<Captured> => {
    const target = requireTarget(context, input.name);
    const screen = await requireScreen(context, target, input.lines);
    const { byte_count, line_count, history_lines, sha256, captured_at } = recordCapture(
      context,
      target,
      screen,
      input.lines,
    );
    return {
      name: input.name,
      byte_count,
      line_count,
      history_lines,
      sha256,
      captured_at,
      transcript_path: target.folder?.transcriptPath ?? null,
      content_redacted: !input.includeContent,
      content: input.includeContent ? screen.text : null,
    };
  },
  text: ({ content, ...measure }) => content ?? `${printedJson(measure)}\n`,
});

async function requireScreen(context: OperationContext, target: LegacyTarget, historyLines: number): Promise<Screen> {
  const { name: asked, address } = target;
  if (address === null) throw refuse('no_tmux_session', `tmux session is not registered for ${asked}`);
  const { isRunning, screen, error } = await lookAtScreen(target, historyLines);
  if (screen !== null) return screen;
  const now = context.clock.now();
  if (error !== null) target.folder?.appendEvent('capture_failed', { reason: error }, now);
  if (isRunning === false) {
    throw refuse('tmux_not_running', `tmux session is not running: ${address.session} (worker ${asked})`);
  }
  throw refuse('tmux_failed', `the terminal of ${asked} can't be looked at: ${error}`);
}
