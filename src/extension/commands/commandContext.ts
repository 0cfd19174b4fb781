import type { PanelOperation, PanelOperationInput } from '../../protocol/operations.ts';
import type { EngineRpc } from '../../protocol/engine.ts';
import type { CommandName } from '../ids.ts';
import type { PanelModel } from '../model.ts';
import type { ReadOnlyTexts } from '../readOnlyTexts.ts';
import type { SessionTerminals } from '../sessionTerminals.ts';
import type { TimelinePanels } from '../timeline/timelinePanels.ts';
import type { WorkspaceEngines } from '../workspaceEngines.ts';
import type { CommandArgument } from './arguments.ts';
import { whyFolderNotReady } from './readiness.ts';
import { Refusal } from './refusal.ts';

/** What handlers work with. */
export interface CommandContext {
  readonly model: PanelModel;
  readonly engines: WorkspaceEngines;
  readonly terminals: SessionTerminals;
  readonly timelines: TimelinePanels;
  readonly texts: ReadOnlyTexts;
  readonly showLog: () => void;
}

/** Resolves with what the command did, for callers that aren't people; refuses by throwing `Refusal`. */
export type CommandHandler = (argument: CommandArgument) => Promise<unknown>;

/** Exhaustive on purpose: a command without a handler doesn't compile. */
export type CommandHandlers = Readonly<Record<CommandName, CommandHandler>>;

/** Runs an operation in a folder's engine; its refusal becomes ours. */
export async function run<Name extends PanelOperation>(
  context: CommandContext,
  folder: string,
  name: Name,
  input: PanelOperationInput<Name>,
): Promise<unknown> {
  const result = await engineOf(context, folder).runOperation(name, input);
  if (result.ok) return result.output;
  const { code, message, remedy, choices = [], reason = null } = result.error;
  const refusal = new Refusal(code, message, remedy);
  refusal.choices = choices;
  refusal.reason = reason;
  throw refusal;
}

export function engineOf({ engines, model }: CommandContext, folder: string): EngineRpc {
  const rpc = engines.rpc(folder);
  if (rpc) return rpc;
  const state = model.folder(folder);
  const reason = state === null ? null : whyFolderNotReady(state);
  throw reason ?? new Refusal('engine_stopped', 'No engine runs for this folder.', 'Restart the engine.');
}
