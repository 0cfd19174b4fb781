import type { Browser, Frame, Locator, Page } from 'playwright-core';

const patientMs = 30_000;

/** A window of VS Code in a browser page, as a person works with it. */
export class Workbench {
  /** The one that was opened last: whose picture is taken when a test fails. */
  static last: Workbench | null = null;

  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patientMs);
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
    const rows = await this.view(name).locator('.monaco-list-row').all();
    return Promise.all(rows.map(async (row) => (await row.innerText()).replaceAll(/\s+/g, ' ').trim()));
  }

  row(view: string, text: string): Locator {
    return this.view(view).locator('.monaco-list-row', { hasText: text }).first();
  }

  /** Runs a command as one does from the keyboard. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.quickInput();
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  quickInput(): Locator {
    return this.page.locator('.quick-input-widget input').first();
  }

  async quickPicks(): Promise<readonly string[]> {
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    const rows = await this.page.locator('.quick-input-list .monaco-list-row').all();
    return Promise.all(rows.map(async (row) => (await row.innerText()).replaceAll(/\s+/g, ' ').trim()));
  }

  /** The frame of our page: VS Code puts two frames around it. */
  async timeline(): Promise<Frame> {
    const end = Date.now() + patientMs;
    while (Date.now() < end) {
      for (const frame of this.page.frames()) {
        if (
          (await frame
            .locator('conveyor-timeline')
            .count()
            .catch(() => 0)) > 0
        )
          return frame;
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
