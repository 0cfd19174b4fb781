import type { Connection } from '../ledger/connection.ts';
import type { Command } from '../ledger/commandStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { PaneDelivery } from './paneDelivery.ts';

/** What a dispatcher acts with. */
export interface DispatchDependencies {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly host: Pick<HostFacts, 'bootId' | 'pidNamespace' | 'isAlive'>;
  readonly panes: PaneDelivery;
  /** What managers and workers call: it stands in the messages to them. */
  readonly program: string;
  /** From inside a sandbox nothing can be typed: what must be is left to the leader. */
  readonly isSandboxed?: boolean;
  /** What the person permits managers beyond nudging; a row of the ledger never does. Nothing when left out. */
  readonly permits?: (permission: string) => boolean;
  /** How the rollout of a session is found of which the ledger knows none yet. */
  readonly rollouts?: FirstRollouts;
  /** Command types that are carried out elsewhere: `stop_session` and such. Each is asked whether it may. */
  readonly effects?: Readonly<Record<string, CommandEffect>>;
  /** Called between any two steps of a delivery. A test ends the process there. */
  readonly checkpoint?: (name: Checkpoint) => void | Promise<void>;
  /** Repeats until stopped; a real timer by default. */
  readonly every?: Repeater;
}

/** The rollouts of sessions of which the ledger knows none yet: since 0.92 Codex makes the file with the first message. */
export interface FirstRollouts {
  /** Where it is, by the session's thread, or, where that shows only now, by what its process holds open; null before. */
  find(session: Session): string | null;
  /** Puts it into the ledger, once it is there and nobody has. */
  learn(sessionId: string): void;
}

export const checkpoints = ['claimed', 'pane_leased', 'began', 'typed', 'submitted', 'settled'] as const;
export type Checkpoint = (typeof checkpoints)[number];

export type Repeater = (milliseconds: number, work: () => void) => () => void;

/**
 * A side effect of another room. It runs with the claim held and tells what came of it; it must be safe to run again
 * when nothing is known of the first time.
 */
export interface CommandEffect {
  run(command: Command, control: EffectControl): Promise<EffectOutcome>;
}

interface EffectControl {
  /** Call right before the first thing that can't be undone; false: the claim was lost, do nothing. */
  begin(): boolean;
}

export type EffectOutcome =
  | { readonly state: 'succeeded'; readonly result: object }
  | { readonly state: 'failed'; readonly error: string; readonly errorType: string }
  | { readonly state: 'deferred'; readonly reason: string; readonly error: string };

export const realRepeater: Repeater = (milliseconds, work) => {
  const timer = setInterval(work, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

/** Which commands and signals a pass takes up. */
export const dispatchTypes = ['notify_manager', 'nudge_worker', 'continue_iteration', 'worker_task_complete'] as const;
type DispatchType = (typeof dispatchTypes)[number];

/** Messages between the two sides of a binding. */
export const messageTypes = ['notify_manager', 'nudge_worker', 'continue_iteration'] as const;
export type MessageType = (typeof messageTypes)[number];

/** What a person or a sandboxed session asked to be done to one session's pane. */
export const sessionActionTypes = ['session_nudge', 'session_interrupt', 'session_answer'] as const;
export type SessionActionType = (typeof sessionActionTypes)[number];

export function isMessageType(type: string): type is MessageType {
  return messageTypes.some((known) => known === type);
}

export function isSessionActionType(type: string): type is SessionActionType {
  return sessionActionTypes.some((known) => known === type);
}

export interface PassOptions {
  readonly dispatcherId: string;
  /** So many items at most. */
  readonly limit: number;
  readonly leaseSeconds: number;
  readonly type: DispatchType | null;
  readonly dryRun: boolean;
}

/** What is reported of one item; `state` is always there. */
export interface ProcessedItem {
  readonly state: string;
  readonly [key: string]: unknown;
}
