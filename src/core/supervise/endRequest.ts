import type { Session } from '../ledger/sessionStore.ts';
import type { EndKind } from './endRecords.ts';
import type { FinishDemands } from './finishGates.ts';
import type { CaptureRequest } from './preStopCapture.ts';
import type { FoundSession } from './sessionIdentity.ts';
import type { StopPorts } from './stopSessions.ts';

export interface EndRequest {
  readonly kind: EndKind;
  readonly task: string;
  readonly reason: string;
  readonly stopManager: boolean;
  readonly stopWorker: boolean;
  /** For the worker, before its terminal is closed. */
  readonly message: string | null;
  readonly decisionId: number | null;
  readonly strictDecisions: boolean;
  readonly demands: FinishDemands;
  readonly capture: CaptureRequest;
}

export interface EndPorts extends StopPorts {
  /** Terminals and processes are out of reach: stops are left to the supervisor. */
  readonly isSandboxed: boolean;
  /** True for the session that this very process runs in. */
  isOwnSession(found: FoundSession): boolean;
  /** Closes a terminal after the answer has been given: the answer would otherwise die with it (CP-2). */
  killAfterwards(found: FoundSession): void;
  /** Tells a session something; a message that can't be delivered holds nothing up. */
  tell(session: Session, text: string): Promise<MessageResult>;
}

export interface MessageResult {
  readonly delivered: boolean;
  readonly reason: string | null;
}

/** What was asked for, as every record of an end keeps it. */
export function givenFacts(request: EndRequest): object {
  return {
    capture_transcript_before_stop: request.capture.isWanted,
    message: request.message,
    reason: request.reason,
    stop_manager: request.stopManager,
    stop_worker: request.stopWorker,
  };
}
