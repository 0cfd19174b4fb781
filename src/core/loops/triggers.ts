/** A controlled phrase: what somebody says in plain words to arm a gate, and what has to be done then. */
export interface LoopTrigger {
  readonly name: string;
  readonly canonical_phrase: string;
  readonly intent: string;
  readonly acceptance: string;
  /** Command templates, in order. */
  readonly operator_actions: readonly string[];
  readonly required_before_continue: readonly string[];
  /** Near misses that arm nothing. */
  readonly negative_controls: readonly string[];
}

interface ControlledTrigger extends LoopTrigger {
  /** Further accepted forms. Word by word: case, spaces, hyphens and commas do not matter. */
  readonly forms: readonly string[];
}

const controlledTriggers: readonly ControlledTrigger[] = [
  {
    name: 'loop-gate-trigger',
    canonical_phrase: 'Run this as an adversarially gated Ralph loop.',
    forms: ['adversarially gated Ralph', 'adversarially gated', 'adversarial gated Ralph', 'adversarial gated'].map(
      (words) => `run this as an ${words} loop`,
    ),
    intent: 'create_loop_policy',
    acceptance:
      'The task has a loop policy, new or known, that asks for an adversarial check before each continuation.',
    operator_actions: [
      "loop-triggers --classify '<prompt>' --json",
      'loop-templates --create-run <task> --template <template> --current-iteration 1',
      'enqueue-continue-iteration <task> --loop-run <run> --requested-iteration 2',
    ],
    required_before_continue: ['adversarial_check'],
    negative_controls: [
      'Be adversarial when you review this, without a loop.',
      'Go through this in a loop and run the tests each time.',
    ],
  },
  {
    name: 'iteration-gate-trigger',
    canonical_phrase: 'Do not send the worker another iteration until adversarial proof exists.',
    forms: [
      'require adversarial proof before the worker gets another iteration',
      'require adversarial proof before another worker iteration',
    ],
    intent: 'gate_next_iteration',
    acceptance: 'Dispatch blocks the continuation before delivery for as long as there is no structured proof.',
    operator_actions: [
      'enqueue-continue-iteration <task> --loop-run <run> --requested-iteration <next>',
      'dispatch --once --type continue_iteration',
      'loop-evidence adversarial-check <task> --loop-run <run> --iteration <previous> --failure-mode <text> --check <text> --result <text>',
    ],
    required_before_continue: ['adversarial_check'],
    negative_controls: ['Send the worker another iteration.', 'Give the worker a checklist before the next iteration.'],
  },
  {
    name: 'finish-gate-trigger',
    canonical_phrase: 'Do not mark this done until you have tried to disprove it.',
    forms: [
      'do not finish until you have tried to disprove it',
      'do not let this finish until the manager has tried to disprove it',
    ],
    intent: 'require_finish_adversarial_proof',
    acceptance: 'The task is finished with the gate for adversarial proof, which refuses as long as there is none.',
    operator_actions: [
      'finish-task <task> --require-adversarial-proof',
      "criteria <task> --satisfy <criterion> --evidence-json '<structured adversarial_check>'",
    ],
    required_before_continue: [],
    negative_controls: ['Do not mark this done until tests pass.', 'Wait for the tests before you finish.'],
  },
  {
    name: 'worker-directed-trigger',
    canonical_phrase: 'Ask the worker to identify the strongest realistic failure mode and prove it is handled.',
    forms: ['before continuing, record the strongest realistic failure mode, the check, and the result'],
    intent: 'request_worker_adversarial_proof',
    acceptance:
      'The worker names failure mode, check and result, and they are recorded as proof that the worker proposed.',
    operator_actions: [
      "session-nudge <worker> '<a request for failure_mode, check and result>'",
      'loop-evidence adversarial-check <task> --loop-run <run> --iteration <n> --source worker_proposed --failure-mode <text> --check <text> --result <text>',
    ],
    required_before_continue: [],
    negative_controls: ['Ask the worker to sum up the risks.', 'Ask the worker to run the tests and tell the result.'],
  },
  {
    name: 'acceptance-criteria-trigger',
    canonical_phrase: 'Each loop must include adversarial acceptance criteria from manager to worker.',
    forms: [],
    intent: 'create_adversarial_acceptance_criteria',
    acceptance: 'The manager has recorded criteria of its own that ask for negative checks.',
    operator_actions: [
      'criteria <task> --add --criterion <text> --source manager_inferred --status accepted',
      'audit <task> && replay <task> && commands --task <task> --attempts',
    ],
    required_before_continue: [],
    negative_controls: ['Each loop should have a checklist.', 'Write good acceptance criteria for the worker.'],
  },
];

/** In the order in which they are looked for. */
export const loopTriggers: readonly LoopTrigger[] = controlledTriggers.map(shown);

export interface Classification {
  /** Every trigger that is meant, in table order (LQ-9). */
  readonly triggers: readonly LoopTrigger[];
  /** Names of those that occur only negated. */
  readonly negated: readonly string[];
}

/** Which gates a prompt asks for. Ordinary words, and a phrase that is negated, arm nothing. */
export function classifyPrompt(prompt: string): Classification {
  const sentences = sentencesOf(prompt);
  const found = controlledTriggers.map((trigger) => ({
    trigger,
    occurrences: [trigger.canonical_phrase, ...trigger.forms].flatMap((form) => occurrencesOf(form, sentences)),
  }));
  return {
    triggers: found.filter(({ occurrences }) => occurrences.includes('meant')).map(({ trigger }) => shown(trigger)),
    negated: found
      .filter(({ occurrences }) => occurrences.length > 0 && !occurrences.includes('meant'))
      .map(({ trigger }) => trigger.name),
  };
}

function shown(trigger: ControlledTrigger): LoopTrigger {
  const { name, canonical_phrase, intent, acceptance, operator_actions, ...rest } = trigger;
  const { required_before_continue, negative_controls } = rest;
  return { name, canonical_phrase, intent, acceptance, operator_actions, required_before_continue, negative_controls };
}

/** Sentences as words that are parted by single spaces, "don't" written out as "do not". */
function sentencesOf(text: string): readonly string[] {
  return (
    text
      .toLowerCase()
      .normalize('NFKC')
      .replaceAll(/[‘’ʼ]/g, "'")
      .replaceAll(/\b(?:can(?:'t|not)|cant|won'?t|shan'?t)\b/g, 'will not')
      .replaceAll(/\b(do|does|did|is|are|was|should|would|could|must|need)nt\b/g, '$1 not')
      .replaceAll(/\b([a-z]+)n't\b/g, '$1 not')
      // "Don't: …" and "Not this - …" are about what follows.
      .replaceAll(bareNegation, '$1$2 ')
      .split(/[.!?;:]+(?=\s|$|["')\]])|[—–]|\s-+\s/)
      .map((sentence) => sentence.replaceAll(/[^\p{L}\p{N}']+/gu, ' ').trim())
  );
}

const bareNegation =
  /(^\s*|[.!?;:]\s+)((?:please )?(?:do not|never|not|ignore|disregard|forget|cancel|skip)(?: do)?(?: this| that| it)?)\s*(?::|[—–]|\s-+\s)/g;

function occurrencesOf(form: string, sentences: readonly string[]): readonly ('meant' | 'negated')[] {
  const phrase = sentencesOf(form)[0] ?? '';
  return sentences.flatMap((sentence, place) => {
    const parts = ` ${sentence} `.split(` ${phrase} `);
    const answer = sentences[place + 1] ?? '';
    return parts
      .slice(1)
      .map((after, index) =>
        isNegated(parts[index] ?? '', after) || refusals.test(answer) ? ('negated' as const) : ('meant' as const),
      );
  });
}

const negator = new RegExp(
  [
    String.raw`\b(?:not|never|neither|nor|without|avoid|avoiding|refrain|stop|cease|unless|nobody|hardly)\b`,
    String.raw`\bno (?:need|one|longer|circumstances|account|way|reason)\b`,
    String.raw`\b(?:instead of|rather than)\b`,
    String.raw`\b(?:refus(?:e|es|ed)|declin(?:e|es|ed)|forbid(?:s|den)?|prohibit(?:s|ed)?)\b`,
    // Right before the phrase only: elsewhere they are about something else.
    String.raw`\b(?:ignore|disregard|forget|cancel|skip|drop)(?: (?!and\b)\S+){0,4} ?$`,
    String.raw`\b(?:wrong|mistake|bad idea) to ?$`,
  ].join('|'),
);
/** They say no twice, and ask for it. */
const affirmed = /\b(?:not|never) (?:forget|fail|hesitate|neglect|omit|skip|only)\b|\bwhy not\b/g;
const takenBack =
  /^ ?(?:(?:(?:is|was|would be|will be|should be|must be|does|do|did|will) (?:not|never|no longer)|(?:is|was|would be) (?:unnecessary|wrong|forbidden|pointless|a mistake|a bad idea))|never)\b/;
const refusals = /^(?:no|no way|no thanks|never|certainly not|of course not|not now)$/;

/** The phrases themselves, longest first; the "do not" of one is no negation of another in the same sentence. */
const phrases = controlledTriggers
  .flatMap(({ canonical_phrase, forms }) => [canonical_phrase, ...forms].map((form) => sentencesOf(form)[0] ?? ''))
  .sort((one, other) => other.length - one.length)
  .join('|');
const anyPhrase = new RegExp(`\\b(?:${phrases})\\b`, 'g');

/** A gate is armed on a clear request only: any negation earlier in the sentence, or right after the phrase, disarms it. */
function isNegated(before: string, after: string): boolean {
  const clause =
    before
      .replaceAll(anyPhrase, ' ')
      .split(/\bbut\b/)
      .at(-1) ?? '';
  return negator.test(clause.replaceAll(affirmed, ' ')) || takenBack.test(after);
}
