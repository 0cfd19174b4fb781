/** The real Codex of the dev dependency in a tmux of the test's own, talking to a scripted model. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTurnEvent } from '../../src/core/codex/readTurnEvent.ts';
import { parseRolloutLine } from '../../src/core/codex/parseRolloutLine.ts';
import { createRolloutLineSplitter } from '../../src/core/codex/rolloutLines.ts';
import { deliverToPane, type DeliveryRequest } from '../../src/core/delivery/deliverToPane.ts';
import type { DeliveryResult } from '../../src/core/delivery/deliveryResult.ts';
import { prepareText } from '../../src/core/delivery/messageText.ts';
import { takeWatermark, userTurnProof } from '../../src/core/delivery/rolloutProof.ts';
import {
  locateRollout,
  startSession,
  type StartedSession,
  type StartRequest,
} from '../../src/core/delivery/startSession.ts';
import type { TurnEvent } from '../../src/core/domain/turnEvent.ts';
import { makeCodexHome, type CodexHome } from '../demo/codexHome.ts';
import { startScriptedModel, type ModelScript, type ScriptedModel } from '../demo/scriptedModel.ts';
import { cacheFolder } from '../host/cacheFolder.ts';
import { startServer, type TestServer } from '../tmux/tmuxServer.ts';

export const CODEX = join(import.meta.dirname, '../../node_modules/.bin/codex');

export interface RealCodex {
  readonly server: TestServer;
  readonly model: ScriptedModel;
  readonly codex: CodexHome;
  /** Trusted, and no git repository. */
  readonly workspace: string;
  readonly stateRoot: string;
  start(name: string, more?: Partial<StartRequest>): Promise<StartedSession>;
  deliver(to: StartedSession, message: string, more?: Partial<DeliveryRequest>): Promise<DeliveryResult>;
  /** What the session's rollout says so far. */
  events(of: StartedSession): readonly TurnEvent[];
  screen(of: StartedSession): Promise<string>;
  close(): Promise<void>;
}

export async function setUpCodex(script: ModelScript): Promise<RealCodex> {
  // Not below /tmp, where a sandboxed command may write anyway.
  const root = realpathSync(mkdtempSync(join(cacheFolder(), 'codex-')));
  const workspace = join(root, 'workspace');
  const stateRoot = join(root, 'state');
  for (const folder of [workspace, stateRoot]) mkdirSync(folder);
  const model = await startScriptedModel(script);
  const codex = await makeCodexHome({ root, baseUrl: model.baseUrl, trustedFolders: [workspace] });
  const server = startServer();
  const { ports } = server;
  const rolloutOf = (session: StartedSession): string | null => locateRollout(ports.host, session);

  return {
    server,
    model,
    codex,
    workspace,
    stateRoot,
    start: (name, more = {}) =>
      startSession(ports, {
        role: 'worker',
        name,
        cwd: workspace,
        environment: { ...codex.environment, WORKERCTL_STATE_ROOT: stateRoot },
        stateRoot,
        sandbox: 'workspace-write',
        approval: 'on-request',
        setsToolPath: false,
        acceptTrust: false,
        timeoutSeconds: 40,
        fallbackCodex: CODEX,
        ...more,
      }),
    deliver: (to, message, more = {}) => {
      const text = prepareText(message);
      const watermark = takeWatermark(rolloutOf(to));
      const proof = userTurnProof({ watermark, text: text.recorded, locate: () => rolloutOf(to) });
      const address = { session: to.tmuxSession, paneId: to.paneId };
      return deliverToPane(ports, { address, text, proof, ...more });
    },
    events: (of) => {
      const path = rolloutOf(of);
      if (path === null) return [];
      const lines = createRolloutLineSplitter().push(readFileSync(path));
      return lines.flatMap((line) => {
        const record = parseRolloutLine(line);
        return record.kind === 'record' ? [readTurnEvent(record)] : [];
      });
    },
    screen: (of) => ports.tmux.capture(of.paneId),
    close: async () => {
      server.close();
      await model.close();
      // Codex writes its databases for a moment after its terminal is gone.
      await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    },
  };
}

export function userTexts(events: readonly TurnEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'userMessageSeen' ? [event.text] : []));
}
