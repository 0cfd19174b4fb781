/** What the suite inside the extension host tells the bench outside, in milliseconds. */
export interface HostFigures {
  readonly activation: number;
  /** Stalls of the main thread, one for each turn of a 5 ms timer. */
  readonly quiet: readonly number[];
  readonly ingesting: readonly number[];
}

/** Files in the workspace by which the two tell each other how far they are. */
export const signals = {
  activated: 'activated',
  begin: 'begin',
  ingest: 'ingest',
  end: 'end',
  figures: 'figures.json',
  leave: 'leave',
} as const;
