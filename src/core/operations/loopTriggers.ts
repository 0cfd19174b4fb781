import * as z from 'zod/mini';
import { classifyPrompt, type LoopTrigger, loopTriggers } from '../loops/triggers.ts';
import { flag, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';

const triggerOutput = (): z.ZodMiniType<LoopTrigger> => {
  const words = () => z.readonly(z.array(z.string()));
  return z.object({
    name: z.string(),
    canonical_phrase: z.string(),
    intent: z.string(),
    acceptance: z.string(),
    operator_actions: words(),
    required_before_continue: words(),
    negative_controls: words(),
  });
};

const classified = () =>
  z.object({
    matched: z.boolean(),
    /** The first of `matched_triggers`. */
    matched_trigger: z.nullable(triggerOutput()),
    matched_triggers: z.readonly(z.array(triggerOutput())),
    negated_triggers: z.readonly(z.array(z.string())),
    guidance: z.string(),
    prompt: z.string(),
  });

const listed = () => z.object({ triggers: z.readonly(z.array(triggerOutput())) });

type Output = z.infer<ReturnType<typeof classified>> | z.infer<ReturnType<typeof listed>>;

/** The few phrases that arm a gate. Touches no ledger. */
export const loopTriggersVerb = defineOperation({
  name: 'loop-triggers',
  summary: 'List the phrases that arm a loop gate, or say whether a prompt holds one.',
  effect: 'reads',
  inputs: {
    list: flag('list the phrases; the same as no choice'),
    classify: optionalText('say which of them this prompt holds', { placeholder: 'PROMPT' }),
    json: flag('print JSON'),
  },
  exclusive: [{ names: ['list', 'classify'], required: false }],
  output: () => z.union([classified(), listed()]),
  run: (_context, { classify: prompt }): Output => {
    if (prompt === null) return { triggers: loopTriggers };
    const { triggers, negated } = classifyPrompt(prompt);
    return {
      matched: triggers.length > 0,
      matched_trigger: triggers[0] ?? null,
      matched_triggers: triggers,
      negated_triggers: negated,
      guidance: guidanceFor(triggers, negated),
      prompt,
    };
  },
  text: (output) => {
    if ('triggers' in output) {
      const lines = output.triggers.map(({ name, canonical_phrase: phrase }) => `- ${name}: ${phrase}`);
      return ['Controlled loop triggers:', ...lines, ''].join('\n');
    }
    if (!output.matched) return `${output.guidance}\n`;
    return output.matched_triggers.map(describe).join('\n');
  },
});

function guidanceFor(triggers: readonly LoopTrigger[], negated: readonly string[]): string {
  if (triggers.length > 0) {
    return 'Follow the operator actions in their order, and keep the correlation ids of what they did as the receipt.';
  }
  if (negated.length > 0)
    return `The prompt says not to: ${negated.join(', ')} stays unarmed, and no gate may be created.`;
  return 'Ordinary guidance: the prompt holds no controlled phrase, and no gate may be created from it.';
}

function describe({ name, canonical_phrase: phrase, intent, operator_actions: actions }: LoopTrigger): string {
  const bullets = actions.map((action) => `- ${action}`);
  return [`Matched ${name}: ${phrase}`, `Intent: ${intent}`, 'Operator actions:', ...bullets, ''].join('\n');
}
