/** Why nothing was typed. Each is true before the first key; trying again later is safe. */
export type DeferralReason =
  /** No Codex runs in the pane: a text would be executed by a shell (OD-37). */
  | 'codex_not_running'
  /** Codex is stopped or in the background; a shell has the keyboard. */
  | 'codex_not_in_foreground'
  /** The program ended and tmux kept the pane (OD-42). */
  | 'pane_dead'
  /** Copy mode, and it could not be left. */
  | 'pane_in_mode'
  /** Codex asks something: approval, trust, update, a menu. */
  | 'dialog_open'
  /** A person's words are in the composer (OD-41). */
  | 'composer_has_text'
  /** A turn is running and the caller wants to wait for its end. */
  | 'busy'
  /** Codex is not ready yet, or has lost its server. */
  | 'not_ready'
  /** No composer is recognised. */
  | 'unknown_screen'
  /** The caller's fence said no before the first key. */
  | 'fence_lost';

/** Why it can't be said that the message arrived although a key was pressed. */
export type UndeliveredReason =
  /** Pasted, but the text never showed in the composer; Enter was not pressed. */
  | 'text_not_in_composer'
  /** The caller's fence said no between text and Enter; the text stands in the composer. */
  | 'fence_lost'
  /** Enter was pressed, and pressed again, and the text is still in the composer. */
  | 'enter_not_taken'
  /** The composer let go of the text, yet no user turn came although nothing was running. */
  | 'turn_not_seen'
  /** Another screen came up at that moment: the text may be with Codex, or still in the composer behind it. */
  | 'screen_changed'
  /** The pane or Codex in it went away in between. */
  | 'pane_gone'
  /** The app-server got the message and did not answer, and no user turn came. */
  | 'server_gone';

/** How a message goes in: through Codex's app-server, or typed into its pane. */
export const deliveryRungs = ['app_server', 'tmux'] as const;
export type DeliveryRung = (typeof deliveryRungs)[number];

/** Wall-clock milliseconds of what was reached; null for what was not. */
export interface DeliveryStages {
  readonly typedAt: number | null;
  readonly submittedAt: number | null;
  /** The user turn was seen in the rollout. */
  readonly seenAt: number | null;
}

export type DeliveryResult =
  /**
   * `seenAt` is null when Codex took the text while a turn was running and shows it to the model later, and for
   * commands such as /compact that leave no user turn.
   */
  | { readonly outcome: 'delivered'; readonly paneId: string; readonly stages: DeliveryStages }
  | { readonly outcome: 'deferred'; readonly reason: DeferralReason; readonly screen: readonly string[] }
  | {
      readonly outcome: 'undelivered';
      readonly reason: UndeliveredReason;
      readonly stages: DeliveryStages;
      /** The last rows of the screen, for the person. May show what was typed: never log it. */
      readonly screen: readonly string[];
    };

/** One clause for a message to the person: what stood in the way. */
export function explainDeferral(reason: DeferralReason): string {
  return DEFERRALS[reason];
}

export function explainUndelivered(reason: UndeliveredReason): string {
  return UNDELIVERED[reason];
}

const DEFERRALS: Readonly<Record<DeferralReason, string>> = {
  codex_not_running: 'no Codex runs in its pane',
  codex_not_in_foreground: 'Codex is in the background of its pane',
  pane_dead: 'the program in its pane has ended',
  pane_in_mode: 'its pane is in copy mode',
  dialog_open: 'Codex waits for an answer to a question on its screen',
  composer_has_text: 'somebody has typed text into its composer',
  busy: 'a turn is running',
  not_ready: 'Codex is not ready for input yet',
  unknown_screen: 'its screen shows no composer that is recognised',
  fence_lost: 'another process took over the pane',
};

const UNDELIVERED: Readonly<Record<UndeliveredReason, string>> = {
  text_not_in_composer: 'the text did not appear in the composer, so Enter was not pressed',
  fence_lost: 'another process took over the pane before Enter; the text stands in the composer',
  enter_not_taken: 'Enter was pressed but the text is still in the composer',
  turn_not_seen: 'the text left the composer but no user turn appeared in the rollout',
  screen_changed: 'another screen came up at that moment, and no user turn appeared in the rollout',
  pane_gone: 'the pane went away during the delivery',
  server_gone: "Codex's app-server went away during the delivery, and no user turn appeared in the rollout",
};
