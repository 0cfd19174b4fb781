import type { WritePlan } from './qaPlanText.ts';

/** A completed turn of the worker reaches the manager, once. */
export const qaPlanDispatchCompletion: WritePlan = ({ program, task, worker, manager }) => {
  const pass = `${program} dispatch --once --type worker_task_complete --dispatcher-id qa-dispatch --json`;
  return {
    steps: [
      `Start a pair, with no other dispatcher on this ledger (close the window of VS Code, or end dispatch --watch): \`${program} pair --task ${task} --task-goal "Answer one question" --worker-name ${worker} --manager-name ${manager}\`.`,
      `Give the worker something that ends soon: \`${program} session-nudge ${worker} "What is two and two? Answer in one line."\`. Wait until its turn is over.`,
      `Take in what it wrote: \`${program} ingest ${worker}\`. The event task_complete is in: \`${program} tail ${worker} --subtype task_complete\`.`,
      `Dispatch once: \`${pass}\`. One item is processed and delivered.`,
      `Read the record: \`${program} audit ${task} --json\`. It has the signal, its source event and correlation, and a dedupe key with the id of that event.`,
      "Look at the manager's terminal: a neutral wake-up is there. It tells of the completion and passes no judgement on it.",
      `Read the timeline: \`${program} replay ${task} --format timeline\`. The completion stands at the time of its notification.`,
      `Look at it as a person would: the timeline in VS Code, or \`${program} dashboard --task ${task} --ensure-dispatch --dispatcher-id qa-dispatch\`. The row can be read without knowing the ids.`,
      `Do it once more: another nudge, \`${program} ingest ${worker}\`, then \`${pass}\`. The second completion is delivered as well.`,
      `Let two dispatchers race: run \`${pass}\` in two shells at the same time after a third completion. One delivers; the other finds nothing, or its try is suppressed: \`${program} telemetry --task ${task} --event-type dispatch_signal_suppressed\`.`,
      `Clean up: \`${program} finish-task ${task} --stop-worker --stop-manager\`, then \`${program} reconcile\`.`,
    ],
    expected_observations: [
      'The ledger has one task_complete event for each turn.',
      'The first pass delivers one notification, to the manager of this task.',
      'The dedupe key names the event, so that the event can never be told twice.',
      'The wake-up is neutral and names the command with which to look.',
      'replay orders by the time of the notification, not by that of the event.',
      'The row on the dashboard says who told whom what, and when.',
      'A second completion has a notification of its own.',
      'A race ends with one delivery, and what was suppressed is in the telemetry.',
    ],
  };
};
