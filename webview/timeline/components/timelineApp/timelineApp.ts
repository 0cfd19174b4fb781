import { html, LitElement, nothing } from 'lit';

import type { ReadyScene, TimelineScene } from '../../../../src/protocol/timelineView.ts';
import { type Connection, connectToVsCode } from '../../host.ts';
import { dayGroups } from '../../state/rows.ts';
import {
  initialState,
  laneCounts,
  reduce,
  selectedEntry,
  type TimelineEvent,
  type TimelineState,
  visibleEntries,
} from '../../state/timelineState.ts';
import { EntryDetails } from '../entryDetails/entryDetails.ts';
import { EntryList } from '../entryList/entryList.ts';
import { FilterBar } from '../filterBar/filterBar.ts';
import { icons } from '../icons.ts';
import { SceneMessage } from '../sceneMessage/sceneMessage.ts';
import { sharedStyles } from '../sharedStyles.ts';
import { TimelineHeader } from '../timelineHeader/timelineHeader.ts';
import { timelineAppStyles } from './timelineApp.styles.ts';

customElements.define('timeline-header', TimelineHeader);
customElements.define('filter-bar', FilterBar);
customElements.define('entry-list', EntryList);
customElements.define('entry-details', EntryDetails);
customElements.define('scene-message', SceneMessage);

/** The page: holds the state, hands parts of it down, and turns what happens into events of the state. */
export class TimelineApp extends LitElement {
  static override styles = [sharedStyles, timelineAppStyles];

  #state: TimelineState = initialState({});
  #connection: Connection | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#connection = connectToVsCode(this, (scene) => this.#dispatch({ kind: 'sceneShown', scene }));
    this.#state = initialState(this.#connection.memory);
    void this.#showFrom(this.#connection.host.ready());
  }

  override render(): unknown {
    const { scene } = this.#state;
    if (scene?.kind === 'failed') {
      return html`<main>
        <scene-message
          tone="failed"
          heading=${scene.message}
          text=${scene.remedy ?? ''}
          action=${scene.canRetry ? 'Try again' : ''}
          .onAction=${this.#retry}
        ></scene-message>
      </main>`;
    }
    if (scene?.kind !== 'ready')
      return html`<main><scene-message tone="loading" heading="Reading the ledger…"></scene-message></main>`;
    return this.#ready(scene);
  }

  #ready(scene: ReadyScene): unknown {
    return html`
      <timeline-header role="banner" .scene=${scene} .onOpenTerminal=${this.#openTerminal}></timeline-header>
      ${
        scene.staleReason === null
          ? nothing
          : html`<div class="stale" role="status">${icons.warning} ${scene.staleReason} What is shown may be old.</div>`
      }
      ${this.#state.entries.length === 0 ? nothingYet() : [this.#filters(scene), this.#entries(scene)]}
    `;
  }

  #filters(scene: ReadyScene): unknown {
    const state = this.#state;
    return html`<filter-bar
      role="region"
      aria-label="Filters"
      .lane=${state.lane}
      .counts=${laneCounts(state)}
      .showsMechanics=${state.showsMechanics}
      .isInChain=${state.correlationId !== null}
      .liveness=${scene.staleReason !== null ? 'old' : state.isFollowing ? 'live' : 'back'}
      .onLane=${(lane: TimelineState['lane']) => this.#dispatch({ kind: 'laneChosen', lane })}
      .onMechanics=${() => this.#dispatch({ kind: 'mechanicsToggled' })}
      .onLeaveChain=${() => this.#dispatch({ kind: 'chainChosen', correlationId: null })}
    ></filter-bar>`;
  }

  #entries(scene: ReadyScene): unknown {
    const state = this.#state;
    const entry = selectedEntry(state);
    return html`<main class=${entry === null ? '' : 'with-details'}>
      <entry-list
        .days=${dayGroups(visibleEntries(state), new Date())}
        .label=${`Timeline of ${scene.task}`}
        .selectedId=${state.selectedId}
        .isFollowing=${state.isFollowing}
        .unseen=${state.unseen}
        .hasOlder=${state.olderCursor !== null}
        .isLoadingOlder=${state.isLoadingOlder}
        .onSelect=${(id: string | null) => this.#dispatch({ kind: 'entrySelected', id })}
        .onScrolled=${(isAtEnd: boolean) => this.#dispatch({ kind: 'scrolled', isAtEnd })}
        .onOlderWanted=${this.#loadOlder}
      ></entry-list>
      ${
        entry === null
          ? nothing
          : html`<entry-details
              role="complementary"
              aria-label="Details"
              .entry=${entry}
              .isInChain=${state.correlationId !== null}
              .onClose=${() => this.#dispatch({ kind: 'entrySelected', id: null })}
              .onChain=${(correlationId: string) => this.#dispatch({ kind: 'chainChosen', correlationId })}
            ></entry-details>`
      }
    </main>`;
  }

  #dispatch(event: TimelineEvent): void {
    this.#state = reduce(this.#state, event);
    this.requestUpdate();
    if (event.kind !== 'laneChosen' && event.kind !== 'mechanicsToggled') return;
    const { lane, showsMechanics } = this.#state;
    const connection = this.#connection;
    connection?.remember({ ...connection.memory, actor: lane ?? 'all', showsMechanics });
  }

  async #showFrom(answer: Promise<TimelineScene>): Promise<void> {
    try {
      this.#dispatch({ kind: 'sceneShown', scene: await answer });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#dispatch({
        kind: 'sceneShown',
        scene: { kind: 'failed', task: '', message, remedy: null, canRetry: true },
      });
    }
  }

  readonly #retry = (): void => {
    if (this.#connection) void this.#showFrom(this.#connection.host.retry());
  };

  readonly #openTerminal = (session: string): void => {
    void this.#connection?.host.openTerminal(session);
  };

  readonly #loadOlder = async (): Promise<void> => {
    const cursor = this.#state.olderCursor;
    if (cursor === null || this.#state.isLoadingOlder || !this.#connection) return;
    this.#dispatch({ kind: 'olderRequested' });
    try {
      this.#dispatch({ kind: 'olderLoaded', page: await this.#connection.host.older(cursor) });
    } catch {
      // The button stays: asking again is all there is to do.
      this.#dispatch({ kind: 'olderFailed' });
    }
  };
}

function nothingYet(): unknown {
  return html`<main>
    <scene-message
      tone="empty"
      heading="Nothing has happened yet"
      text="Each look of the manager, each decision, message and turn appears here as it happens."
    ></scene-message>
  </main>`;
}
