import { Worker } from 'node:worker_threads';

import { createBirpc } from 'birpc';

import type { EngineEvents, EngineRpc, EngineStart } from '../../protocol/engine.ts';

/** One running supervisor thread. It is never restarted: a new one takes its place. */
export interface SupervisorThread {
  readonly rpc: EngineRpc;
  /** Resolves when the thread is gone: null after `dispose`, else what ended it. */
  readonly ended: Promise<Error | null>;
  /** Lets the engine release what it holds, then ends the thread; ends it anyway when that takes too long. */
  dispose(): Promise<void>;
}

export type StartSupervisor = (start: EngineStart, events: EngineEvents) => SupervisorThread;

const goodbyeMs = 5000;

// A full heap ends the thread, not the extension host that all other extensions share.
const resourceLimits = { maxOldGenerationSizeMb: 512 };

/** Starts the thread from its bundle. Output that a library writes goes to the log, not to the host's console. */
export function supervisorIn(script: string): StartSupervisor {
  return (start, events) => {
    const worker = new Worker(script, {
      workerData: start,
      resourceLimits,
      stdout: true,
      stderr: true,
      name: 'conveyor',
    });
    worker.stdout.setEncoding('utf8').on('data', (text: string) => events.log('debug', text.trimEnd()));
    worker.stderr.setEncoding('utf8').on('data', (text: string) => events.log('warn', text.trimEnd()));

    const rpc = createBirpc<EngineRpc, EngineEvents>(events, {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      post: (message) => worker.postMessage(message),
      on: (listener) => worker.on('message', listener),
      // Starting a pair waits for two Codexes; the engine has its own deadlines.
      timeout: -1,
    });

    let failure: Error | null = null;
    let isLeaving = false;
    const ended = new Promise<Error | null>((done) => {
      worker.on('error', (error) => {
        failure = error instanceof Error ? error : new Error(String(error));
      });
      worker.on('exit', (code) => {
        const reason = failure ?? new Error(`the supervisor thread ended with code ${code}`);
        rpc.$close(reason);
        done(isLeaving ? null : reason);
      });
    });

    return { rpc, ended, dispose: () => leave() };

    async function leave(): Promise<void> {
      isLeaving = true;
      const deadline = setTimeout(() => void worker.terminate(), goodbyeMs);
      await rpc.dispose().catch(() => {});
      await ended;
      clearTimeout(deadline);
    }
  };
}
