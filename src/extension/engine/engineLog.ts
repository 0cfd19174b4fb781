import type { LogLevel } from '../../protocol/engine.ts';

/** Where the engine's lines go. The extension writes them to its output channel. */
export interface EngineLog {
  readonly write: (level: LogLevel, line: string) => void;
}
