import { answerCommands } from './answerCommands.ts';
import { bindCommand } from './bindCommand.ts';
import type { CommandContext, CommandHandlers } from './commandContext.ts';
import { confirmCommand } from './confirmCommand.ts';
import { criterionCommands } from './criterionCommands.ts';
import { healthCommands } from './healthCommands.ts';
import { hookCommands } from './hookCommands.ts';
import { sessionCommands } from './sessionCommands.ts';
import { taskCommands } from './taskCommands.ts';

/** A handler for every command there is. */
export function commandHandlers(context: CommandContext): CommandHandlers {
  return {
    ...taskCommands(context),
    ...sessionCommands(context),
    ...bindCommand(context),
    ...answerCommands(context),
    ...confirmCommand(context),
    ...criterionCommands(context),
    ...healthCommands(context),
    ...hookCommands(context),
  };
}
