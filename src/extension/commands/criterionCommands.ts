import type { CriterionStatus } from '../../protocol/snapshot.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { ask, notEmpty, pickCriterion, pickTask } from './picks.ts';

type Handled = 'addCriterion' | 'acceptCriterion' | 'satisfyCriterion' | 'deferCriterion' | 'rejectCriterion';

interface Decision {
  readonly action: 'accept' | 'satisfy' | 'defer' | 'reject';
  readonly from: readonly CriterionStatus[];
  /** What is asked for: the proof that it holds, or why it was decided so. Accepting needs no words. */
  readonly asks: {
    readonly field: 'proof' | 'rationale';
    readonly prompt: string;
    readonly placeHolder: string;
  } | null;
}

const decisions: Readonly<Record<Exclude<Handled, 'addCriterion'>, Decision>> = {
  acceptCriterion: { action: 'accept', from: ['proposed', 'deferred', 'rejected'], asks: null },
  satisfyCriterion: {
    action: 'satisfy',
    from: ['accepted', 'proposed', 'deferred'],
    asks: { field: 'proof', prompt: 'What shows that it holds?', placeHolder: 'npm test: 42 passed at 3f2c1a' },
  },
  deferCriterion: {
    action: 'defer',
    from: ['accepted', 'proposed'],
    asks: { field: 'rationale', prompt: 'Why later?', placeHolder: 'Belongs to the next release' },
  },
  rejectCriterion: {
    action: 'reject',
    from: ['accepted', 'proposed', 'deferred'],
    asks: { field: 'rationale', prompt: 'Why not at all?', placeHolder: 'Out of scope' },
  },
};

export function criterionCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    addCriterion: (argument) => add(context, argument),
    acceptCriterion: (argument) => decide(context, argument, decisions.acceptCriterion),
    satisfyCriterion: (argument) => decide(context, argument, decisions.satisfyCriterion),
    deferCriterion: (argument) => decide(context, argument, decisions.deferCriterion),
    rejectCriterion: (argument) => decide(context, argument, decisions.rejectCriterion),
  };
}

async function add(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const selected = argument.task === undefined ? context.model.selectedTask : null;
  const task = selected ?? (await pickTask(context.model, argument, { title: 'Add to which task?', open: true }));
  const criterion =
    argument.text ??
    (await ask({
      title: `Criterion for ${task.item.name}`,
      prompt: 'What must be true before the task is done?',
      placeHolder: 'The unit tests pass on a clean checkout',
      validateInput: notEmpty('A criterion'),
    }));
  return run(context, task.folder.path, 'criteria', {
    task: task.item.name,
    action: 'add',
    criterion,
    source: 'user_requested',
    // What a person adds needs nobody's consent.
    status: 'accepted',
  });
}

async function decide(
  context: CommandContext,
  argument: CommandArgument,
  { action, from, asks }: Decision,
): Promise<unknown> {
  const { folder, item } = await pickCriterion(context.model, argument, {
    title: `Which criterion to ${action}?`,
    from,
  });
  const words =
    asks === null
      ? ''
      : (argument.text ??
        (await ask({ title: `#${item.id} ${item.text}`, prompt: asks.prompt, placeHolder: asks.placeHolder })));
  return run(context, folder.path, 'criteria', {
    task: item.task,
    action,
    id: item.id,
    ...(asks === null || words === '' ? {} : { [asks.field]: words }),
  });
}
