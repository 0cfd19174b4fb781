import type { JsonObject } from '../domain/json.ts';

/** What the texts of a plan call things; each is a word that a shell reads back unchanged. */
export interface PlanNames {
  readonly program: string;
  readonly task: string;
  readonly worker: string;
  readonly manager: string;
}

interface CorrelationMarker {
  readonly correlation_id: string;
  readonly purpose: string;
}

interface TriggerTask {
  readonly name: string;
  readonly trigger: string;
  readonly acceptance: string;
}

/** A checklist for a person. Keys are those of the JSON output. */
export interface QaPlanText {
  readonly steps: readonly string[];
  readonly expected_observations: readonly string[];
  /** One paragraph to give to a manager. */
  readonly starter_prompt?: string;
  readonly authority_boundaries?: readonly string[];
  readonly acceptance_criteria?: readonly string[];
  readonly trigger_tasks?: readonly TriggerTask[];
  readonly correlation_markers?: readonly CorrelationMarker[];
  readonly evidence_template?: JsonObject;
}

export type WritePlan = (names: PlanNames) => QaPlanText;

export function markers(purposes: Readonly<Record<string, string>>): readonly CorrelationMarker[] {
  return Object.entries(purposes).map(([correlation_id, purpose]) => ({ correlation_id, purpose }));
}
