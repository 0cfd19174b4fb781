import { connectAppServer } from '../codex/appServerClient.ts';
import type { DispatchDependencies } from '../dispatch/dependencies.ts';
import type { ConveyorError } from '../domain/errors.ts';
import { coreSteps } from '../engine/coreSteps.ts';
import { Engine, type EnginePace, type EngineSteps } from '../engine/engine.ts';
import { refusalForOthers } from '../ledger/confirmation.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { compactCommand } from '../supervise/compactRequest.ts';
import { stopSessionCommand, stopSessionEffect } from '../supervise/stopSessions.ts';
import { compactEffect } from './compactEffect.ts';
import { confirmThread } from './confirmations.ts';
import { signalFolder } from './hookProgram.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf } from './panes.ts';
import { codexHomeOf } from './userFolders.ts';

export interface EngineOrder {
  readonly dispatcherId: string;
  readonly kind: 'window' | 'headless';
  readonly limit: number;
  readonly leaseSeconds: number;
  /** What the person permits managers beyond nudging. */
  readonly permissions: ReadonlySet<string>;
  readonly onChanged: () => void;
  readonly onError: (error: unknown) => void;
  readonly onLedgerGone: () => void;
  readonly onTrouble: (session: Session, error: ConveyorError) => void;
  readonly pace?: Partial<EnginePace>;
  /** Stands around the real steps, to count or to watch them. */
  readonly wrap?: (steps: EngineSteps) => EngineSteps;
  /** Called between any two steps of a delivery. A test ends the process there. */
  readonly checkpoint?: DispatchDependencies['checkpoint'];
}

/** The engine for this caller's ledger, with everything real behind it. The caller starts and stops it. */
export function engineOf(context: OperationContext, order: EngineOrder): Engine {
  const { ledger, clock, host, variables } = context;
  const tmuxAt = tmuxAtOf(context);
  const permits = (permission: string) => order.permissions.has(permission);
  // Nobody builds an engine inside a sandbox, and the lease of a former leader may say otherwise until this one has its own.
  const own = { ...dispatchDependenciesOf(context, 'others'), permits, isSandboxed: false };
  const dispatch = order.checkpoint === undefined ? own : { ...own, checkpoint: order.checkpoint };
  const steps = coreSteps({
    dispatcherId: order.dispatcherId,
    observe: { ledger, clock, host, tmuxAt },
    dispatch: {
      ...dispatch,
      effects: {
        [compactCommand]: compactEffect(dispatch, { permits, isAwaited: false, patienceMilliseconds: 0 }),
        [stopSessionCommand]: stopSessionEffect(
          { ledger, clock, host, tmuxOn: tmuxAt, isContradicted: () => false },
          { permits, refusal: (session, panel, binding) => refusalForOthers(context, session, panel, binding) },
        ),
      },
    },
    pass: { limit: order.limit, leaseSeconds: order.leaseSeconds },
    codexHome: codexHomeOf(variables),
    connect: connectAppServer,
    confirmThread: (sessionId, threadId) => confirmThread(context, sessionId, threadId),
    signalFolder: signalFolder(context.ledgerFile, variables),
    onTrouble: order.onTrouble,
    onError: order.onError,
  });
  return new Engine({
    ledger,
    at: { clock, host },
    dispatcherId: order.dispatcherId,
    kind: order.kind,
    steps: order.wrap?.(steps) ?? steps,
    onChanged: order.onChanged,
    onError: order.onError,
    onLedgerGone: order.onLedgerGone,
    ...(order.pace === undefined ? {} : { pace: order.pace }),
  });
}
