import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import type { DayGroup } from '../../state/rows.ts';
import { icons } from '../icons.ts';
import { sharedStyles } from '../sharedStyles.ts';
import { entryListStyles } from './entryList.styles.ts';
import { entryRow, pauseRow } from './entryRow.ts';
import { trackStyles } from './tracks.styles.ts';

/** This close to the end counts as at the end. */
const endTolerance = 24;
/** This close to the beginning asks for older entries. */
const beginTolerance = 200;

/**
 * The entries, oldest first. A listbox: one tab stop, arrows move through the entries, and the choice follows. Stays at
 * the newest entry until somebody scrolls away.
 */
export class EntryList extends LitElement {
  static override styles = [sharedStyles, entryListStyles, trackStyles];
  static override properties = {
    days: { attribute: false },
    label: { attribute: false },
    selectedId: { attribute: false },
    isFollowing: { attribute: false },
    unseen: { attribute: false },
    hasOlder: { attribute: false },
    isLoadingOlder: { attribute: false },
  };

  declare days: readonly DayGroup[];
  declare label: string;
  declare selectedId: string | null;
  declare isFollowing: boolean;
  declare unseen: number;
  declare hasOlder: boolean;
  declare isLoadingOlder: boolean;
  onSelect: (id: string | null) => void = () => {};
  onScrolled: (isAtEnd: boolean) => void = () => {};
  onOlderWanted: () => void = () => {};

  readonly #drawn = new Set<string>();
  #heightBefore = 0;
  #firstBefore: string | undefined;

  constructor() {
    super();
    this.days = [];
    this.label = '';
    this.selectedId = null;
    this.isFollowing = true;
    this.unseen = 0;
    this.hasOlder = false;
    this.isLoadingOlder = false;
  }

  override render(): unknown {
    const ids = this.#ids();
    const tabStop = this.selectedId !== null && ids.includes(this.selectedId) ? this.selectedId : ids.at(-1);
    const isFirstDraw = this.#drawn.size === 0;
    const newest = new Set(ids.slice(-20));
    return html`
      <div class="scroller" @scroll=${this.#scrolled}>
        ${
          this.hasOlder || this.isLoadingOlder
            ? html`<div class="older">
                <button @click=${this.onOlderWanted}>${this.isLoadingOlder ? 'Loading…' : 'Show earlier'}</button>
              </div>`
            : nothing
        }
        ${ids.length === 0 ? html`<p class="nothing dim">No entry matches.</p>` : nothing}
        <div role="listbox" aria-label=${this.label} @click=${this.#clicked} @keydown=${this.#keyPressed}>
          ${repeat(
            this.days,
            ({ key }) => key,
            (day) =>
              html`<div role="group" aria-label=${day.label}>
                <div class="day" role="presentation">${day.label}</div>
                ${repeat(
                  day.rows,
                  ({ key }) => key,
                  (row) =>
                    row.kind === 'pause'
                      ? pauseRow(row.label)
                      : entryRow({
                          entry: row.entry,
                          isSelected: row.entry.id === this.selectedId,
                          isTabStop: row.entry.id === tabStop,
                          isFresh: !isFirstDraw && newest.has(row.entry.id) && !this.#drawn.has(row.entry.id),
                        }),
                )}
              </div>`,
          )}
        </div>
      </div>
      ${
        this.isFollowing
          ? nothing
          : html`<button class="newest" @click=${this.#toNewest}>
              ${icons.down} ${this.unseen > 0 ? `${this.unseen} new` : 'Newest'}
            </button>`
      }
    `;
  }

  override willUpdate(): void {
    const scroller = this.#scroller();
    this.#heightBefore = scroller?.scrollHeight ?? 0;
    this.#firstBefore = this.#first;
  }

  override updated(changed: PropertyValues): void {
    const ids = this.#ids();
    this.#first = ids[0];
    for (const id of ids) this.#drawn.add(id);
    const scroller = this.#scroller();
    if (!scroller) return;
    if (this.isFollowing) scroller.scrollTop = scroller.scrollHeight;
    else if (changed.has('days') && this.#firstBefore !== this.#first && scroller.scrollTop < beginTolerance) {
      // Older entries came above: what was looked at stays where it was.
      scroller.scrollTop += scroller.scrollHeight - this.#heightBefore;
    }
  }

  #first: string | undefined;

  #ids(): readonly string[] {
    return this.days.flatMap(({ rows }) => rows.flatMap((row) => (row.kind === 'entry' ? [row.entry.id] : [])));
  }

  #scroller(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.scroller');
  }

  readonly #scrolled = (): void => {
    const scroller = this.#scroller();
    if (!scroller) return;
    const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < endTolerance;
    if (isAtEnd !== this.isFollowing) this.onScrolled(isAtEnd);
    if (scroller.scrollTop < beginTolerance && this.hasOlder && !this.isLoadingOlder && !isAtEnd) this.onOlderWanted();
  };

  readonly #toNewest = (): void => {
    this.onScrolled(true);
  };

  readonly #clicked = (event: Event): void => {
    const row = event
      .composedPath()
      .find((node): node is HTMLElement => node instanceof HTMLElement && node.matches('.row'));
    if (!row) return;
    row.focus();
    this.onSelect(row.dataset['id'] ?? null);
  };

  readonly #keyPressed = (event: KeyboardEvent): void => {
    const ids = this.#ids();
    const at = ids.indexOf((event.target instanceof HTMLElement ? event.target.dataset['id'] : undefined) ?? '');
    const next = nextIndex(event.key, at, ids.length);
    if (event.key === 'Escape') this.onSelect(null);
    else if (next === null) return;
    else void this.#choose(ids[next]);
    event.preventDefault();
  };

  async #choose(id: string | undefined): Promise<void> {
    if (id === undefined) return;
    this.onSelect(id);
    await this.updateComplete;
    const row = this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }
}

function nextIndex(key: string, at: number, length: number): number | null {
  const last = length - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, at + 1);
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'PageDown':
      return Math.min(last, at + 12);
    case 'PageUp':
      return Math.max(0, at - 12);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'Enter':
    case ' ':
      return at;
    default:
      return null;
  }
}
