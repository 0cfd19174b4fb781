import * as vscode from 'vscode';

import { type Disposable, DisposableStore } from './disposables.ts';
import { commandIds } from './ids.ts';
import type { PanelModel } from './model.ts';
import { attentionIcon } from './rows/attentionIcon.ts';
import { plainWords } from './rows/plainWords.ts';
import { type StatusText, statusText } from './rows/statusText.ts';

/** One item: what needs the person. Absent while nothing is supervised; warning colours only when somebody waits. */
export function showStatusBar(model: PanelModel): Disposable {
  const owned = new DisposableStore();
  const item = owned.add(vscode.window.createStatusBarItem('attention', vscode.StatusBarAlignment.Left, 10));
  item.name = 'Conveyor';
  item.command = commandIds.showAttention;
  const draw = () => {
    const text = statusText(model);
    if (text === null) item.hide();
    else apply(item, text);
  };
  draw();
  owned.add(model.onChanged(draw));
  return owned;
}

function apply(item: vscode.StatusBarItem, { icon, label, spoken, level, lines }: StatusText): void {
  item.text = `$(${icon}) ${plainWords(label)}`;
  item.accessibilityInformation = { label: spoken, role: 'button' };
  item.backgroundColor = level === 'calm' ? undefined : new vscode.ThemeColor(`statusBarItem.${level}Background`);
  const tooltip = new vscode.MarkdownString(
    lines.map((line) => (line.kind ? `$(${attentionIcon(line.kind)}) ${line.text}` : line.text)).join('\n\n'),
    true,
  );
  item.tooltip = tooltip;
  item.show();
}
