import * as z from 'zod/mini';
import { requireTask } from '../ledger/taskStore.ts';
import { checkPermission, type PermissionAnswer, recordPermissionCheck } from '../supervise/permissionCheck.ts';
import { flag, positional } from './argument.ts';
import { configOutput } from './managerConfig.ts';
import { defineOperation } from './operation.ts';

/** Says whether the recorded policy lets the manager do something. Every answer is audited. */
export const managerPermission = defineOperation({
  name: 'manager-permission',
  summary: 'Ask whether the manager may do something.',
  effect: 'writes',
  inputs: {
    task: positional('task id or name', 'TASK'),
    action: positional('a permission, or a category with --list', 'ACTION'),
    list: flag('list what is granted in a category'),
    require: flag('exit 1 when it is not allowed'),
    requireHandoff: flag('allowed only once the worker has handed over'),
  },
  output: (): z.ZodMiniType<PermissionAnswer> =>
    z.object({
      action: z.string(),
      allowed: z.boolean(),
      config: z.nullable(configOutput()),
      handoff_id: z.nullable(z.number()),
      listed_permissions: z.nullable(z.readonly(z.array(z.string()))),
      reasons: z.readonly(
        z.array(z.enum(['missing_manager_config', 'permission_not_enabled', 'missing_worker_handoff'])),
      ),
      require_handoff: z.boolean(),
      task: z.object({ id: z.string(), name: z.string() }),
    }),
  run: ({ ledger, clock }, { task: reference, action, list, requireHandoff }) =>
    ledger.write(() => {
      const task = requireTask(ledger, reference);
      const answer = checkPermission(ledger, task, { action, isCategory: list, requireHandoff });
      recordPermissionCheck(ledger, task, answer, clock.now());
      return answer;
    }),
  exitStatus: ({ allowed }, { require }) => (require && !allowed ? 1 : 0),
});
