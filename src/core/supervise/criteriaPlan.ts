import type { CriterionStatus } from '../ledger/criterionStore.ts';

/** A criterion that a worker's answer proposes. */
export interface PlannedCriterion {
  readonly criterion: string;
  readonly status: Extract<CriterionStatus, 'accepted' | 'deferred'>;
}

export interface CriteriaPlan {
  readonly planned: readonly PlannedCriterion[];
  readonly warnings: readonly string[];
}

/**
 * Reads the must-have and follow-up lists out of a worker's answer. A heading is any line outside an item that names
 * one of the two sections; an item begins with a list mark and goes on in the indented lines below it.
 */
export function planCriteria(text: string): CriteriaPlan {
  const reader = new PlanReader();
  for (const line of text.split(/\r\n?|\n/)) reader.read(line);
  return reader.end();
}

class PlanReader {
  readonly #planned: PlannedCriterion[] = [];
  #section: PlannedCriterion['status'] | null = null;
  #sawSection = false;
  #item: string[] | null = null;

  read(line: string): void {
    const item = this.#section === null ? null : itemOf(line);
    if (item !== null) {
      this.#endItem();
      this.#item = [item];
      return;
    }
    if (this.#item !== null && /^\s+\S/.test(line)) {
      this.#item.push(line);
      return;
    }
    this.#endItem();
    const section = sectionOf(line);
    if (section === null) return;
    this.#section = section;
    this.#sawSection = true;
  }

  end(): CriteriaPlan {
    this.#endItem();
    if (!this.#sawSection) {
      return { planned: [], warnings: ['no heading names must-have or follow-up criteria; nothing was read'] };
    }
    const warnings = this.#planned.length === 0 ? ['the headings have no list items below them'] : [];
    return { planned: this.#planned, warnings };
  }

  #endItem(): void {
    const criterion = this.#item === null ? '' : clean(this.#item.join(' '));
    if (criterion !== '' && this.#section !== null && !isPlaceholder(criterion)) {
      this.#planned.push({ criterion, status: this.#section });
    }
    this.#item = null;
  }
}

const ITEM = /^\s*(?:[-*+]|\d+[.)]|\[[ xX]\])\s+(\S.*)$/;
const DEFERRED = /\b(?:follow[- ]?up|deferred)\b/i;
const ACCEPTED = /\b(?:must[- ]?have|current[- ]?task|accepted)\b/i;
const PLACEHOLDER = /^(?:n\/a|na|none|nothing|no follow[- ]?ups?|no deferred|no deferred criteria)\.?$/i;

function itemOf(line: string): string | null {
  return ITEM.exec(line)?.[1] ?? null;
}

function sectionOf(line: string): PlannedCriterion['status'] | null {
  const heading = line.trim().replace(/^#+/, '').replace(/:$/, '');
  if (DEFERRED.test(heading)) return 'deferred';
  return ACCEPTED.test(heading) ? 'accepted' : null;
}

function clean(text: string): string {
  const collapsed = text.trim().replaceAll(/\s+/g, ' ');
  return collapsed.replace(/^`+/, '').replace(/`+$/, '').trim();
}

function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}
