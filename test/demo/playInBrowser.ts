import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startVscodeServer } from '../host/vscodeServer.ts';
import { launchBrowser } from '../ui/browser.ts';
import { eventually } from '../ui/stand.ts';
import { Workbench } from '../ui/workbench.ts';
import { demoSettings, type EditorOptions } from './openEditor.ts';
import { type Judgement, runJudge, type Sight } from './runJudge.ts';
import { conveyor, makeTask, startPair } from './startPair.ts';
import type { DemoWorld } from './demoWorld.ts';

export interface PlayedStory {
  readonly ok: boolean;
  readonly steps: readonly (Sight | { readonly step: string; readonly where: string; readonly what: string })[];
  readonly missing: readonly string[];
  /** Milliseconds, as the judge saw them: it looks ten times a second. */
  readonly latencies: Readonly<Record<string, number>>;
}

const pictures = resolve(import.meta.dirname, '../../artifacts/story');
const storySeconds = 240;

/**
 * The story in a real VS Code, driven by a headless browser: the person looks at the sidebar, the timeline and a terminal,
 * nudges a session, and finishes a task of their own. What happened is judged by the judge, not by what was clicked.
 */
export async function playInBrowser({ world, vsix, signal, say }: EditorOptions): Promise<PlayedStory> {
  mkdirSync(pictures, { recursive: true });
  await makeTask(world);
  await conveyor(world, ['tasks', '--create', ownTask, '--goal', 'Something that the person does by hand']);
  const server = await startVscodeServer({ install: [vsix], env: world.environment, settings: demoSettings(world) });
  const browser = await launchBrowser();
  signal.addEventListener('abort', () => void browser.close(), { once: true });
  const seen: { step: string; where: string; what: string }[] = [];
  const lost: string[] = [];
  try {
    const workbench = await Workbench.open(browser, server.url(world.workspace));
    const person = new Person(workbench, world, async (step, where, what, look) => {
      try {
        await eventually(look, 60_000);
        seen.push({ step, where, what });
        say(`  ✔ ${step} (${where})`);
      } catch (error) {
        lost.push(step);
        say(`  ✘ ${step}: ${String(error).split('\n')[0]}`);
      }
    });
    await workbench.openConveyor();
    const judged = runJudge(
      world,
      signal,
      (sight) => say(`  ✔ ${sight.step} (${sight.where})`),
      storySeconds,
      'vscode-',
    );
    await startPair(world, signal, say);
    await person.watch();
    await person.nudge();
    await person.finish();
    const judgement = await judged;
    await person.lookBack();
    return verdict(judgement, seen, lost);
  } finally {
    await browser.close();
    await server.stop();
  }
}

const ownTask = 'by-hand';
const question = 'Status? Please answer in one sentence.';

type See = (step: string, where: string, what: string, look: () => Promise<void>) => Promise<void>;

/** What a developer does in the window. */
class Person {
  readonly #workbench: Workbench;
  readonly #world: DemoWorld;
  readonly #see: See;

  constructor(workbench: Workbench, world: DemoWorld, see: See) {
    this.#workbench = workbench;
    this.#world = world;
    this.#see = see;
  }

  /** The sidebar while both are at work, the worker's terminal, the timeline. */
  async watch(): Promise<void> {
    const { task, worker, manager } = this.#world.names;
    await this.#see('sidebar_shows_pair', 'sidebar', `${task}, ${worker}, ${manager}`, async () => {
      expectRow(await this.#workbench.rows('Tasks'), task);
      expectRow(await this.#workbench.rows('Sessions'), worker);
      expectRow(await this.#workbench.rows('Sessions'), manager);
    });
    await this.#workbench.command('Conveyor: Open Worker Terminal');
    await this.#maybePick(task);
    await this.#see('terminal_attached', 'tmux clients', `codex-${worker}`, async () =>
      expectText(this.#tmux('list-clients'), `codex-${worker}`),
    );
    await this.#workbench.screenshot(join(pictures, 'terminal.png'));
    await this.#workbench.command('Conveyor: Open Timeline');
    await this.#maybePick(task);
    await this.#see('timeline_shows_nudge', 'timeline webview', 'the nudge', async () => {
      const timeline = await this.#workbench.timeline();
      await timeline.getByText('decided to nudge').first().waitFor({ timeout: 1000 });
    });
    await this.#workbench.screenshot(join(pictures, 'timeline.png'));
  }

  /** Asks the worker through the palette once the task is done; the judge looks for the user turn. */
  async nudge(): Promise<void> {
    const { task, worker } = this.#world.names;
    await this.#see('sidebar_shows_done', 'sidebar', `${task} under Finished`, async () => {
      if (!(await this.#workbench.row('Tasks', task).isVisible()))
        await this.#workbench.row('Tasks', 'Finished').click({ timeout: 1000 });
      expectRow(await this.#workbench.rows('Tasks'), 'Finished');
      expectRow(await this.#workbench.rows('Tasks'), task);
      expectNoBinding(await this.#workbench.rows('Tasks'), worker);
    });
    await this.#workbench.command('Conveyor: Nudge Session…');
    await this.#workbench.pick(worker);
    await this.#workbench.type(question);
    await this.#workbench.screenshot(join(pictures, 'nudged.png'));
  }

  async finish(): Promise<void> {
    await this.#workbench.command('Conveyor: Finish Task…');
    await this.#maybePick(ownTask);
    await this.#workbench.pick('both sessions go on running');
  }

  async lookBack(): Promise<void> {
    await this.#workbench.screenshot(join(pictures, 'finished.png'));
  }

  /** A command asks which task only when there is more than one. */
  async #maybePick(text: string): Promise<void> {
    const row = this.#workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
    await row.click({ timeout: 4000 }).catch(() => {});
  }

  #tmux(...argv: string[]): string {
    return execFileSync('tmux', ['-S', this.#world.tmuxSocket, ...argv], { encoding: 'utf8' });
  }
}

function expectRow(rows: readonly string[], text: string, also = /./): void {
  if (!rows.some((row) => row.includes(text) && also.test(row)))
    throw new Error(`no row has "${text}": ${rows.join(' | ')}`);
}

/** A finished task is bound to nobody any more. */
function expectNoBinding(rows: readonly string[], session: string): void {
  if (rows.some((row) => row.includes(session))) throw new Error(`"${session}" is still bound: ${rows.join(' | ')}`);
}

function expectText(text: string, wanted: string): void {
  if (!text.includes(wanted)) throw new Error(`"${wanted}" is not there`);
}

function verdict(judged: Judgement, seen: PlayedStory['steps'], lost: readonly string[]): PlayedStory {
  const at = new Map(judged.seen.map(({ step, afterMs }) => [step, afterMs]));
  const between = (from: string, to: string) => Math.max(0, (at.get(to) ?? Number.NaN) - (at.get(from) ?? Number.NaN));
  const missing = [...judged.missing, ...lost];
  return {
    ok: missing.length === 0,
    steps: [...judged.seen, ...seen],
    missing,
    latencies: {
      nudge_queued_to_arrived: between('nudge_queued', 'nudge_arrived'),
      test_passed_to_manager_woken: between('worker_test_passed', 'manager_woken'),
      whole_story: Math.max(...at.values()),
    },
  };
}
