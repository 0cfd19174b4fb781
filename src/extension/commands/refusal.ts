import type { ThreadChoice } from '../../protocol/operations.ts';
import type { CommandName } from '../ids.ts';

/** A way out that one press takes. */
export type WayOut =
  | { readonly title: string; readonly command: CommandName }
  | { readonly title: string; readonly builtIn: string };

/**
 * Why a command can't do what it was asked, in a sentence, and what helps. Thrown by handlers, shown in one place.
 * `code` is an error code of core, or one of this window's own.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly remedy: string | null;
  readonly waysOut: readonly WayOut[];
  /** What the person may choose from, where that is why it was refused. */
  choices: readonly ThreadChoice[] = [];
  /** What stood in the way of a message, in a closed word. */
  reason: string | null = null;

  constructor(code: string, message: string, remedy: string | null = null, waysOut: readonly WayOut[] = []) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.waysOut = waysOut;
  }
}

/** The person left a pick or an input: nothing to say. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}
