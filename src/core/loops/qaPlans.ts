import { qaPlanAdversarialTriggers } from './qaPlanAdversarialTriggers.ts';
import { qaPlanDispatchCompletion } from './qaPlanDispatchCompletion.ts';
import { qaPlanEmergentCriteria } from './qaPlanEmergentCriteria.ts';
import { qaPlanGoalBoard } from './qaPlanGoalBoard.ts';
import { qaPlanRalphLoop } from './qaPlanRalphLoop.ts';
import { qaPlanSelfManagement } from './qaPlanSelfManagement.ts';
import type { WritePlan } from './qaPlanText.ts';
import { qaPlanTmuxErrors } from './qaPlanTmuxErrors.ts';

export const qaPlanNames = [
  'self-management',
  'emergent-criteria',
  'tmux-errors',
  'dispatch-completion',
  'ralph-loop',
  'adversarial-triggers',
  'goalbuddy-conveyor',
] as const;
export type QaPlanName = (typeof qaPlanNames)[number];

/** Checklists for a person, by what they are about. */
export const qaPlans: Readonly<Record<QaPlanName, WritePlan>> = {
  'self-management': qaPlanSelfManagement,
  'emergent-criteria': qaPlanEmergentCriteria,
  'tmux-errors': qaPlanTmuxErrors,
  'dispatch-completion': qaPlanDispatchCompletion,
  'ralph-loop': qaPlanRalphLoop,
  'adversarial-triggers': qaPlanAdversarialTriggers,
  'goalbuddy-conveyor': qaPlanGoalBoard,
};
