import type { Browser, Frame, Locator, Page } from 'playwright-core';

const patientMs = 30_000;

export const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  'high-contrast': 'Default High Contrast',
  'high-contrast-light': 'Default High Contrast Light',
} as const;
export type ThemeName = keyof typeof themes;

const shownThemes: Readonly<Record<ThemeName, { readonly label: string; readonly base: string }>> = {
  dark: { label: 'Dark Modern', base: 'vs-dark' },
  light: { label: 'Light Modern', base: 'vs' },
  'high-contrast': { label: 'Dark High Contrast', base: 'hc-black' },
  'high-contrast-light': { label: 'Light High Contrast', base: 'hc-light' },
};

/** A window of VS Code in a browser page, as a person works with it. */
export class Workbench {
  /** The one that was opened last: whose picture is taken when a test fails. */
  static last: Workbench | null = null;

  readonly page: Page;
  /** What pages in this window were refused by their content security policy. */
  readonly forbidden: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patientMs);
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.forbidden.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, size = { width: 1440, height: 900 }): Promise<Workbench> {
    const page = await browser.newPage({ viewport: size });
    const workbench = new Workbench(page);
    Workbench.last = workbench;
    await page.goto(url);
    await page.locator('.monaco-workbench .activitybar').waitFor();
    return workbench;
  }

  /** A second click on the icon would close it again. */
  async openConveyor(): Promise<void> {
    if (await this.view('Tasks').isVisible()) return;
    await this.page.locator('.activitybar .action-item a[aria-label^="Conveyor"]').first().click();
    await this.view('Tasks').waitFor();
  }

  view(name: string): Locator {
    return this.page.locator('.pane', { has: this.page.locator(`.pane-header[aria-label^="${name}"]`) });
  }

  /** Rows of a view from top to bottom, as they read. */
  async rows(name: string): Promise<readonly string[]> {
    return clean(await this.view(name).locator('.monaco-list-row').allInnerTexts());
  }

  row(view: string, text: string): Locator {
    return this.view(view).locator('.monaco-list-row', { hasText: text }).first();
  }

  /** Presses an action that a row shows while the pointer is on it; the row may be drawn anew meanwhile. */
  async pressInRow(view: string, text: string, action: string): Promise<void> {
    const end = Date.now() + patientMs;
    for (;;) {
      try {
        await this.row(view, text).hover({ timeout: 3000 });
        await this.row(view, text).getByRole('button', { name: action }).click({ timeout: 3000 });
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await this.page.mouse.move(0, 0);
      }
    }
  }

  /** Runs a command as one does from the keyboard. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.quickInput();
    await input.waitFor();
    await input.fill(`>${title}`);
    // Others may match as well and stand above: VS Code puts what was used lately first.
    const row = this.page.locator(
      `.quick-input-list .monaco-list-row:is([aria-label="${title}"], [aria-label^="${title},"])`,
    );
    await row.click();
    // The next list must not be mistaken for this one.
    await row.waitFor({ state: 'hidden' });
  }

  /** Chooses a theme as a person does, and waits until the workbench wears it. */
  async setTheme(theme: ThemeName): Promise<void> {
    const { label, base } = shownThemes[theme];
    await this.command('Preferences: Color Theme');
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Monokai' }).first().waitFor();
    await this.quickInput().fill(label);
    await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: label }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator(`.monaco-workbench.${base}`).waitFor();
  }

  quickInput(): Locator {
    return this.page.locator('.quick-input-widget input').first();
  }

  async quickPicks(): Promise<readonly string[]> {
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    return clean(await this.page.locator('.quick-input-list .monaco-list-row').allInnerTexts());
  }

  /** The frame of our page: VS Code puts two frames around it. */
  async timeline(): Promise<Frame> {
    const end = Date.now() + patientMs;
    while (Date.now() < end) {
      for (const frame of this.page.frames()) {
        if ((await countIn(frame)) > 0) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error('no timeline is open');
  }

  /** Chooses a row of the pick that is open. */
  async pick(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first().click();
  }

  /** Answers the input box that is open. */
  async type(text: string): Promise<void> {
    await this.page.locator('.quick-input-widget .quick-input-message').waitFor();
    await this.quickInput().fill(text);
    await this.page.keyboard.press('Enter');
  }

  notification(text: string): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  async screenshot(path: string): Promise<void> {
    // Let transitions of the workbench end; nothing is asserted after this wait.
    await this.page.waitForTimeout(600);
    await this.page.screenshot({ path, animations: 'disabled' });
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}

function clean(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.replaceAll(/\s+/g, ' ').trim());
}

/** Zero also for a frame that is just going away. */
async function countIn(frame: Frame): Promise<number> {
  try {
    return await frame.locator('conveyor-timeline').count();
  } catch {
    return 0;
  }
}
